import TestSupport
import Testing

/// docs/install.md, done word for word on a bare Debian in front of a real directory with a company's own CA.
@Suite struct InstallGuideTests {
    private static let local = "lisa-Lokal7"
    private static let person = "alice-Firma7"
    private static let service = "svc-Dienst7"

    /// What the guide's terminal asks, and what a user types.
    private static func answers(_ password: String) -> String {
        """
        [["[Y/n]", "y"], ["assword:", "\(password)"], ["for lisa:", "\(password)"], ["for alice:", "\(password)"],
        ["gain:", "\(password)"], ["(again):", "\(password)"]]
        """
    }

    /// Types a block's lines; returns what stood on the terminal.
    private func type(_ block: String, on machine: Machine, password: String) async throws -> String {
        try await machine.shell("cat > /root/block", input: "cd /root/work\n" + block)
        let outcome = try await ChildProcess.run(
            "python3",
            [
                "\(MachineImage.repository)/Tests/SystemdTests/terminal.py", Self.answers(password),
                "\(MachineImage.repository)/scripts/machine", "enter", "\(machine.pid)", "bash", "-eo", "pipefail",
                "/root/block",
            ],
            within: .seconds(300)
        )
        guard outcome.succeeded else {
            throw TestSupportError("\(block)\n\(outcome.exit)\n\(outcome.output.suffix(4_000))\(outcome.errorOutput)")
        }
        return outcome.output
    }

    /// A company: a CA, a directory that only the service account may read, a name for it.
    private func company(on machine: Machine) async throws -> SlapdInside {
        let authority = try await CertificateAuthority.make("Corp CA")
        let pair = try await authority.issue(.names(["ldap1.corp.example"]))
        for secret in [Self.local, Self.person, Self.service] { KnownSecrets.shared.add(secret) }
        let slapd = try await SlapdInside.start(in: machine, tls: pair) {
            """
            dn: dc=corp,dc=example
            objectClass: dcObject
            objectClass: organization
            dc: corp
            o: Corp

            dn: cn=svc-auth,dc=corp,dc=example
            objectClass: organizationalRole
            objectClass: simpleSecurityObject
            cn: svc-auth
            userPassword: \(Self.service)

            dn: ou=people,dc=corp,dc=example
            objectClass: organizationalUnit
            ou: people

            dn: uid=alice,ou=people,dc=corp,dc=example
            objectClass: inetOrgPerson
            uid: alice
            cn: Alice Able
            givenName: Alice
            sn: Able
            userPassword: \(Self.person)

            dn: ou=groups,dc=corp,dc=example
            objectClass: organizationalUnit
            ou: groups

            dn: cn=staff,ou=groups,dc=corp,dc=example
            objectClass: groupOfNames
            cn: staff
            member: uid=alice,ou=people,dc=corp,dc=example

            """
        }
        try await machine.shell("echo '127.0.0.1 ldap1.corp.example' >> /etc/hosts")
        try await machine.shell("cat > /root/corp-ca.pem", input: text(ofFile: authority.certificateFile))
        return slapd
    }

    /// sudo(8) is for those who are not root, and an editor is a person: this one types the password asked for.
    private func desk(on machine: Machine) async throws {
        try await machine.shell(
            """
            mkdir -p /root/work/packaging
            name=$(dpkg-deb -W --showformat='${Package}_${Version}_${Architecture}.deb' /root/ldapauthd.deb)
            mv /root/ldapauthd.deb "/root/work/packaging/$name"
            printf '#!/bin/sh\\nexec "$@"\\n' > /usr/bin/sudo
            printf '#!/bin/sh\\nset -e\\ntest -w "$1"\\necho \(Self.service) > "$1"\\n' > /usr/bin/editor
            chmod +x /usr/bin/sudo /usr/bin/editor
            """
        )
    }

    @Test func fromThePackageToTheFirstTokenOfADirectoryInLessThanFiveMinutes() async throws {
        let guide = InstallGuide()
        try await Machine.run(.bare, to: .multiUser) { machine in
            let slapd = try await company(on: machine)
            try await desk(on: machine)
            let configuration = "/etc/ldapauthd/ldapauthd.toml"
            let begun = ContinuousClock.now
            var screens: [String] = []
            for block in guide.path {
                if block.isTyped {
                    let isOfDirectory = block.text.contains("alice")
                    let password = isOfDirectory ? Self.person : Self.local
                    screens.append(try await type(block.text, on: machine, password: password))
                    KnownSecrets.shared.note(text: screens.last ?? "")
                } else if !block.text.contains("active-directory") {
                    // The guide: “ca_file is the certificate of the authority that signed the server's”.
                    let text = block.text.replacing(
                        "/etc/ssl/certs/ca-certificates.crt",
                        with: "/etc/ldapauthd/corp-ca.pem"
                    )
                    try await machine.shell("install -m 0644 /root/corp-ca.pem /etc/ldapauthd/corp-ca.pem")
                    let present = try await machine.shell("cat \(configuration)")
                    // As an editor does: the file stays the one it is, with its owner and mode.
                    let edited = InstallGuide.edited(present, with: text)
                    try await machine.shell("cat > \(configuration)", input: edited)
                }
            }
            let took = ContinuousClock.now - begun - LostTime.since(begun)
            print("InstallGuideTests: from the package to the directory's token in \(took)")
            #expect(took < .seconds(300))

            let tokens = screens.filter { $0.contains("\"access_token\":\"") }
            #expect(tokens.count == 2, "lisa's and alice's: \(screens)")
            #expect(tokens.last?.contains("\"firstName\":\"Alice\"") == true, "\(tokens)")
            #expect(screens.contains { $0.contains("staff") }, "`login` shows the groups")
            // The client of the guide, with its secret.
            let secret = try await machine.shell("cat /root/work/web.secret")
            KnownSecrets.shared.add(secret.filter { $0 != "\n" })
            let web = try await machine.curl([
                "-u", "web:\(secret.filter { $0 != "\n" })", "http://127.0.0.1:8480/api/v1/auth/token", "-d",
                "grant_type=password&username=alice", "--data-urlencode", "password=\(Self.person)",
            ])
            #expect(web.status == 200 && web.text("refresh_token") != nil, "\(web)")
            #expect(try await machine.shell("stat -c '%U:%G %a' \(configuration)") == "root:ldapauthd 640\n")
            await slapd.stop()
        }
    }

    /// Otherwise the test above would run through nothing.
    @Test func theGuideIsReadAsItIsWritten() {
        let guide = InstallGuide()
        let typed = guide.path.filter(\.isTyped).map(\.text).joined()
        for words in [
            "apt install", "user add lisa", "curl", "corp-bind.secret", "client hash-secret", "check --user alice",
            "login alice", "restart ldapauthd",
        ] { #expect(typed.contains(words), "\(words)") }
        let written = guide.path.filter { $0.language == "toml" }.map(\.text).joined()
        for words in ["order =", "kind = \"openldap\"", "ldaps://ldap1.corp.example", "[[client]]"] {
            #expect(written.contains(words), "\(words)")
        }
        #expect(guide.blocks.count > guide.path.count)
    }
}
