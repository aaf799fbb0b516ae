import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import TestSupport
import Testing

/// Outages of real servers: never a wrong password, never a second bind.
@Suite struct OutageTests {
    @Test func theSecondHostAnswersWhenTheFirstIsStopped() async throws {
        let first = try await Slapd.start()
        let second = try await Slapd.start()
        let live = try LiveDirectory(first, second)
        _ = try await live.identity("alice", "alice-secret")
        #expect(second.searchRequests(containing: "uid=alice") == 0)
        await first.stop()
        _ = try await live.identity("alice", "alice-secret")
        #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword)
        // Nobody needs to log in for it to be found out.
        #expect(await eventually { live.directory.status.hosts.map(\.state) == [.down, .up] })
        #expect(live.directory.status.hosts[0].lastError?.isEmpty == false)
        try await first.restart()
        // The first is preferred again once a probe has found it.
        #expect(
            await eventually(within: .seconds(20), every: .milliseconds(200)) {
                _ = try? await live.identity("alice", "alice-secret")
                return live.directory.status.hosts.map(\.state) == [.up, .up]
            }
        )
        let before = (first.bindRequests(), second.bindRequests())
        _ = try await live.identity("alice", "alice-secret")
        #expect(await eventually { first.bindRequests() > before.0 })
        #expect(second.bindRequests() == before.1)
        await live.stop()
    }

    @Test func theSecondHostAnswersWhenTheFirstIsFrozen() async throws {
        let first = try await Slapd.start()
        let second = try await Slapd.start()
        let live = try LiveDirectory(first, second, operationTimeout: .seconds(3))
        first.pause()
        let start = ContinuousClock.now
        _ = try await live.identity("alice", "alice-secret")
        #expect(ContinuousClock.now - start < .seconds(12) + LostTime.since(start))
        #expect(await eventually { live.directory.status.hosts.first?.state == .down })
        // Nobody waits for it again at once.
        let again = ContinuousClock.now
        _ = try await live.identity("bob", "bob-secret")
        #expect(ContinuousClock.now - again < .seconds(2) + LostTime.since(again))
        first.resume()
        await live.stop()
    }

    @Test func silenceAfterABindIsAnOutageAndNoSecondBind() async throws {
        let first = try await Slapd.start()
        let second = try await Slapd.start()
        // The entry is remembered, so the bind is the first thing the frozen server sees.
        let live = try LiveDirectory(first, second, operationTimeout: .seconds(3)) { $0.dnCache = .seconds(60) }
        let alice = "uid=alice,ou=people,dc=example,dc=org"
        // A busy machine may have made the first one late, and then the second is asked for a while.
        let isFirstUsed = await eventually(within: .seconds(20), every: .milliseconds(200)) {
            let binds = first.bindRequests(dn: alice)
            _ = try? await live.identity("alice", "alice-secret")
            let isFirst = await eventually(within: .seconds(1)) { first.bindRequests(dn: alice) > binds }
            return isFirst && live.directory.status.hosts.map(\.state) == [.up, .up]
        }
        #expect(isFirstUsed)
        let before = second.bindRequests(dn: alice)
        first.pause()
        let result = await live.login("alice", "alice-secret")
        guard case .unavailable(let outage) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(outage.sources == [SourceID(1)])
        #expect(second.bindRequests(dn: alice) == before)
        first.resume()
        await live.stop()
    }

    @Test func everyHostDownIsAnOutage() async throws {
        let first = try await Slapd.start()
        let live = try LiveDirectory(first)
        let identity = try await live.identity("alice", "alice-secret")
        await first.stop()
        for (name, password) in [("alice", "alice-secret"), ("alice", "wrong"), ("nobody", "x")] {
            guard case .unavailable = await live.login(name, password) else {
                Issue.record("\(name) \(password)")
                continue
            }
        }
        guard case .unavailable = await live.recheck(identity) else {
            Issue.record("an outage ended a session")
            return
        }
        #expect(await eventually { !live.directory.status.mayAnswer })
        // Down is down: the next one is told at once.
        let start = ContinuousClock.now
        _ = await live.login("alice", "alice-secret")
        #expect(ContinuousClock.now - start < .seconds(1) + LostTime.since(start))
        await live.stop()
    }

    @Test(arguments: [Duration.milliseconds(300), .seconds(1)]) func theDeadlineHolds(_ limit: Duration) async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd)
        slapd.pause()
        let start = ContinuousClock.now
        guard case .unavailable = await live.login("alice", "alice-secret", within: limit) else {
            Issue.record("let in by a frozen server")
            return
        }
        #expect(ContinuousClock.now - start < limit + .seconds(1) + LostTime.since(start))
        slapd.resume()
        await live.stop()
    }

    @Test func aRefusedServiceAccountIsAnOutage() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) { settings in
            settings.hosts[0].serviceIdentities = [.simple(dn: slapd.serviceDN) { Password("wrong") }]
        }
        let start = ContinuousClock.now
        let result = await live.login("alice", "alice-secret")
        guard case .unavailable(let outage) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(outage.detail.contains("49") || outage.detail.lowercased().contains("service"), "\(outage.detail)")
        // Nor do logins lock the service account: the same password is tried again after 5 s, then a minute.
        for _ in 0..<200 {
            guard case .unavailable = await live.login("alice", "alice-secret") else {
                Issue.record("a login without a service account")
                return
            }
        }
        try await Task.sleep(for: .milliseconds(100))
        let binds = slapd.bindRequests(dn: slapd.serviceDN)
        let elapsed = Int((ContinuousClock.now - start).components.seconds)
        #expect(binds <= (elapsed < 5 ? 1 : elapsed < 65 ? 2 : 3))
        #expect(live.directory.status.hosts.map(\.state) == [.serviceRefused])
        #expect(!live.directory.status.mayAnswer)
        await live.stop()
    }

    @Test func aMissingUserBaseIsAnOutage() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.userBase = "ou=nowhere,dc=example,dc=org" }
        guard case .unavailable = await live.login("alice", "alice-secret") else {
            Issue.record("a wrong configuration is no unknown user")
            return
        }
        await live.stop()
    }

    @Test func aServerWithoutAnybodyListeningIsAnOutage() async throws {
        let slapd = try await Slapd.start()
        let port = try freePort()
        let live = try LiveDirectory(slapd) { settings in
            settings.hosts[0].url = LDAPURL(scheme: .ldap, host: "127.0.0.1", port: port)
        }
        guard case .unavailable(let outage) = await live.login("alice", "alice-secret") else {
            Issue.record("let in")
            return
        }
        #expect(outage.detail.contains("corp"))
        await live.stop()
    }
}
