import TestSupport
import Testing

/// The throttle in front of a domain controller that locks accounts after three wrong passwords.
@Suite(.timeLimit(.minutes(10))) struct ThrottledActiveDirectoryTests {
    @Test func noGuessingLocksAnAccount() async throws {
        let samba = try await SambaServer.shared()
        let daemon = try ActiveDirectoryTests.daemon(samba)
        try daemon.rewrite { text in
            text.replacing("[local]\n", with: "[throttle]\naccount_failures = 2\nlockout = \"20s\"\n[local]\n")
        }
        try await samba.addUser("t-alice", password: "right-secret")
        try await daemon.start()
        // A telephone with an old password, and then somebody who guesses under two names of hers.
        for _ in 0..<5 { #expect(try await daemon.login("t-alice", "former-password").status == 400) }
        #expect(try await samba.badPasswordCount("t-alice") == 1)
        var statuses: [Int] = []
        for number in 0..<6 {
            let name = number.isMultiple(of: 2) ? "t-alice@corp.example" : "T-ALICE"
            statuses.append(try await daemon.login(name, "guess \(number)").status)
        }
        #expect(statuses.first == 400 && statuses.dropFirst().allSatisfy { $0 == 429 }, "\(statuses)")
        #expect(try await samba.badPasswordCount("t-alice") == 2, "below the domain's own threshold of three")
        let isIn = try await eventually(within: .seconds(60), every: .milliseconds(500)) {
            try await daemon.login("t-alice", "right-secret").status == 200
        }
        #expect(isIn)
        #expect(try await samba.badPasswordCount("t-alice") == 0)
        await daemon.stop()
    }
}
