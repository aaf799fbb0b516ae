import TestSupport
import Testing

/// The Debian package, from installation to purge.
@Suite struct PackageTests {
    @Test func onABareDebianItIsInstalledUpgradedRemovedAndPurged() async throws {
        let older = try await olderPackage()
        let configuration = "/etc/ldapauthd/ldapauthd.toml"
        try await Machine.run(.bare, to: .multiUser) { machine in
            #expect(try await machine.command("sh", "-c", "command -v ldapauthd swift").exit != .code(0))
            try await MachineImage.tool("cp", [older.path(of: "older.deb"), machine.path(of: "/root/older.deb")])

            // Installed: it runs, and knows its people.
            let install = "DEBIAN_FRONTEND=noninteractive apt-get -q -y install"
            try await machine.shell("\(install) /root/older.deb", within: .seconds(300))
            #expect(try await machine.property("ActiveState") == "active")
            #expect(try await machine.shell("stat -c '%U:%G %a' \(configuration)") == "root:ldapauthd 640\n")
            #expect(try await machine.shell("stat -c '%U:%G %a' /etc/ldapauthd/credentials") == "root:root 700\n")
            try await machine.shell("ldapauthd user add lisa --first-name Lisa --password-file -", input: "lisa-pw\n")
            try await machine.write(Machine.configuration(), to: configuration)
            try await machine.shell("echo secret > /etc/ldapauthd/credentials/mine")
            try await machine.shell("systemctl restart ldapauthd")
            let token = try #require(try await machine.login().text("refresh_token"))
            let main = try await machine.property("MainPID")

            // Upgraded: the new program runs, the administrator's configuration and the sessions are still there.
            try await machine.shell(
                "\(install) -o Dpkg::Options::=--force-confold /root/ldapauthd.deb",
                within: .seconds(300)
            )
            #expect(try await machine.property("ActiveState") == "active")
            #expect(try await machine.property("MainPID") != main, "the new program runs")
            #expect(try await machine.shell("cat \(configuration)") == Machine.configuration())
            #expect(try await machine.shell("stat -c '%U:%G %a' \(configuration)") == "root:ldapauthd 640\n")
            #expect(try await machine.command("test", "-e", "\(configuration).dpkg-dist").succeeded)
            let refreshed = try await machine.refresh(token)
            #expect(refreshed.status == 200)

            // Root's commands beside the daemon: what they write is root's, and nothing of the daemon's becomes so.
            try await machine.shell("ldapauthd storage backup /root/copy.db")
            #expect(try await machine.shell("stat -c '%U %a' /root/copy.db") == "root 600\n")
            #expect(try await machine.shell("stat -c %U /var/lib/ldapauthd/* | sort -u") == "ldapauthd\n")
            let shadow = try await machine.shell("ldapauthd user import --shadow /etc/shadow --dry-run 2>&1")
            #expect(shadow.contains("“daemon” has no password and is left out"), "\(shadow)")
            let checked = try await machine.command("ldapauthd", "check")
            #expect(checked.output.contains("the running daemon (process "), "\(checked.output)\(checked.errorOutput)")

            // Removed: nothing runs, nothing is lost.
            try await machine.shell("apt-get -q -y remove ldapauthd", within: .seconds(300))
            #expect(try await machine.property("ActiveState") != "active")
            #expect(try await machine.command("test", "-e", "/usr/bin/ldapauthd").succeeded == false)
            try await machine.shell("test -e /var/lib/ldapauthd/ldapauthd.db && test -e \(configuration)")
            try await machine.shell("\(install) /root/ldapauthd.deb", within: .seconds(300))
            let next = try #require(refreshed.text("refresh_token"))
            #expect(try await machine.refresh(next).status == 200)

            // Purged: the store and the configuration are gone; what the administrator put there is his.
            try await machine.shell("apt-get -q -y purge ldapauthd", within: .seconds(300))
            #expect(try await machine.shell("ls /var/lib | grep ldapauthd || true").isEmpty)
            #expect(try await machine.shell("cd /etc/ldapauthd && find . -type f") == "./credentials/mine\n")
            #expect(try await machine.shell("systemctl list-unit-files --no-legend 'ldapauthd*' || true").isEmpty)
        }
    }

    /// A folder with older.deb, the package as it might have been before: an older number, another configuration.
    private func olderPackage() async throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory("ldapauthd-older")
        let script = """
            set -e
            dpkg-deb -R "$1" "$2"
            sed -i 's/^Version: .*/Version: 0.0.1/' "$2/DEBIAN/control"
            echo '# of the older version' >> "$2/etc/ldapauthd/ldapauthd.toml"
            dpkg-deb -Zgzip -z1 -b "$2" "$3" > /dev/null
            """
        let package = try await MachineImage.shared.package
        try await MachineImage.tool(
            "bash",
            ["-c", script, "older", package, folder.path(of: "tree"), folder.path(of: "older.deb")]
        )
        return folder
    }

    @Test func lintianFindsNothing() async throws {
        let package = try await MachineImage.shared.package
        // It leaves folders behind where temporary files lie.
        let folder = try TemporaryDirectory("ldapauthd-lintian")
        defer { folder.remove() }
        let outcome = try await ChildProcess.run(
            "lintian",
            ["--fail-on", "error,warning", "--allow-root", package],
            environment: ["TMPDIR": folder.path],
            within: .seconds(600)
        )
        #expect(outcome.succeeded, "\(outcome.output)")
    }

    @Test func theSamePackageIsMadeTwice() async throws {
        let folder = try TemporaryDirectory("ldapauthd-again")
        let image = try await MachineImage.shared
        // Of a package that was given there is no program to make it of again.
        guard let binary = image.binary else { return }
        let again = try await MachineImage.build(binary: binary, output: folder.path)
        #expect(bytes(ofFile: again) == bytes(ofFile: image.package))
    }

    @Test func itsNumberIsTheProgramsAndTheChangelogs() async throws {
        let image = try await MachineImage.shared
        let number = try await MachineImage.tool("dpkg-deb", ["-f", image.package, "Version"]).filter { $0 != "\n" }
        try await Machine.run { machine in
            let told = try await machine.shell("ldapauthd --version; ldapauthd version --json")
            #expect(told == "ldapauthd \(number)\n{\"version\":\"\(number)\"}\n")
        }
        // What is released stands in the changelog under its number; what is not yet, under “Unreleased”, and the
        // program's number is a later one than that of any release.
        let headings = text(ofFile: "\(MachineImage.repository)/CHANGELOG.md").split(separator: "\n")
            .filter { $0.hasPrefix("## [") }
            .map { String($0.dropFirst(4).prefix { $0 != "]" }) }
        let released = headings.first { $0 != "Unreleased" }
        if headings.first == "Unreleased" {
            let isLater = try await ChildProcess.run(
                "dpkg",
                ["--compare-versions", number, "gt", released ?? "0"]
            ).succeeded
            #expect(isLater, "\(number) is no later than \(released ?? "0"), and there are unreleased changes")
        } else {
            #expect(released == number)
        }
    }

    @Test func itNeedsNothingButWhatItNames() async throws {
        try await Machine.run { machine in
            let libraries = try await machine.shell("ldd /usr/bin/ldapauthd")
            #expect(libraries.range(of: "not found") == nil, "\(libraries)")
            #expect(libraries.range(of: "libswift") == nil, "\(libraries)")
        }
    }

    @Test func theManualPagesAreInOrder() async throws {
        let package = try await MachineImage.shared.package
        let folder = try TemporaryDirectory("ldapauthd-manual")
        try await MachineImage.tool("dpkg-deb", ["-x", package, folder.path])
        for page in ["man8/ldapauthd.8", "man5/ldapauthd.toml.5"] {
            let file = folder.path(of: "usr/share/man/\(page).gz")
            let page = try await ChildProcess.run("sh", ["-c", "gzip -dc \(file) | mandoc -T lint -W warning"])
            #expect(page.succeeded, "\(page.output)\(page.errorOutput)")
        }
        let commands = try await MachineImage.tool("sh", ["-c", "man -P cat \(folder.path)/usr/share/man/man8/*.gz"])
        for word in ["user add", "--password-file", "EX_CONFIG", "LDAPAUTHD_CONFIG"] {
            #expect(commands.range(of: word) != nil, "\(word)")
        }
    }

    @Test func theInstalledPagesReferToWhatIsInstalled() async throws {
        let package = try await MachineImage.shared.package
        let folder = try TemporaryDirectory("ldapauthd-pages")
        try await MachineImage.tool("dpkg-deb", ["-x", package, folder.path])
        let place = "usr/share/doc/ldapauthd"
        try await MachineImage.tool("sh", ["-c", "find \(folder.path)/\(place) -name '*.gz' -exec gunzip {} +"])
        let found = try await ChildProcess.run("find", [place, "-name", "*.md"], directory: folder.path)
        let pages = found.output.split(separator: "\n").map(String.init)
        #expect(pages.count > 10 && MarkdownLinks.all(in: pages, of: folder.path).count > 50, "the pages are read")
        let broken = MarkdownLinks.broken(in: pages, of: folder.path)
        #expect(broken.isEmpty, "\(broken.map(\.description).joined(separator: "\n"))")
    }

    @Test func shellsCompleteItsCommands() async throws {
        let package = try await MachineImage.shared.package
        let folder = try TemporaryDirectory("ldapauthd-shells")
        try await MachineImage.tool("dpkg-deb", ["-x", package, folder.path])
        let script = """
            . "$1/usr/share/bash-completion/completions/ldapauthd"
            COMP_WORDS=(ldapauthd us) COMP_CWORD=1 COMP_LINE="ldapauthd us" COMP_POINT=12
            _ldapauthd
            echo "${COMPREPLY[@]}"
            """
        let bash = try await MachineImage.tool("bash", ["-c", script, "complete", folder.path])
        #expect(bash.split(whereSeparator: \.isWhitespace).contains("user"), "\(bash)")
        let zsh = text(ofFile: folder.path(of: "usr/share/zsh/vendor-completions/_ldapauthd"))
        #expect(zsh.hasPrefix("#compdef ldapauthd"))
        let fish = text(ofFile: folder.path(of: "usr/share/fish/vendor_completions.d/ldapauthd.fish"))
        #expect(fish.range(of: "complete -c 'ldapauthd'") != nil)
    }
}
