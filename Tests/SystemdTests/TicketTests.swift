import FoundationEssentials
import TestSupport
import Testing

/// Kerberos tickets in the shipped sandbox: it may read the keytab, and the replay cache lies where a restart leaves it.
@Suite struct TicketTests {
    private func present(_ token: [UInt8], to machine: Machine) async throws -> Int {
        try await machine.curl([
            "http://127.0.0.1:8480/api/v1/auth/token",
            "-H", "Authorization: Negotiate \(Data(token).base64EncodedString())",
            "-d", "grant_type=password&WindowsAuthentication=true&client_id=web&scope=read",
        ]).status
    }

    @Test func aTicketIsGoodOnceAlsoOverARestart() async throws {
        let kdc = try await MITKerberos.start(people: ["alice": "alice-krb"])
        let keytab = try await kdc.keytab()
        let client = kdc.environment(cache: try await kdc.login("alice", "alice-krb"))
        try await Machine.run { machine in
            let slapd = try await SlapdInside.start(in: machine)
            try await machine.write("", to: "/etc/ldapauthd/http.keytab")
            let copied = try await ChildProcess.run("cp", [keytab, machine.path(of: "/etc/ldapauthd/http.keytab")])
            #expect(copied.succeeded, "\(copied.errorOutput)")
            try await machine.serve(
                Machine.configuration(
                    slapd.section + "\n[kerberos]\nkeytab_file = \"/etc/ldapauthd/http.keytab\"\n"
                )
            )
            let used = try await NegotiateToken.make(.spnego, environment: client)
            let status = try await present(used, to: machine)
            let journal = try await machine.journal()
            #expect(status == 200, "\(journal.suffix(2000))")
            #expect(try await present(used, to: machine) == 401)
            #expect(
                try await machine.shell("stat -c '%U %a' /var/lib/ldapauthd/kerberos.rcache") == "ldapauthd 600\n"
            )
            try await machine.shell("systemctl restart ldapauthd")
            #expect(try await present(used, to: machine) == 401, "used before the restart")
            #expect(try await machine.journal(has: "ticket-replay"))
            #expect(try await present(try await NegotiateToken.make(.spnego, environment: client), to: machine) == 200)
            await slapd.stop()
        }
        await kdc.stop()
    }
}
