import TestSupport
import Testing

/// Nobody notices which of two nodes answers.
@Suite(.timeLimit(.minutes(5))) struct NodesTests {
    @Test func refreshesGoOnAtAnyNodeAndOnceEach() async throws {
        let cluster = try await Cluster.make(nodes: 2)
        try await cluster.start()
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        let opened = try await a.open("alice", "alice-secret")
        #expect(opened.status == 200, "\(opened.body)")
        var token = try #require(opened.text("refresh_token"))
        for node in [b, a, b] {
            let answer = try await node.refresh(token)
            #expect(answer.status == 200, "\(answer.body)")
            token = try #require(answer.text("refresh_token"))
            let access = try #require(answer.text("access_token"))
            for other in cluster.nodes { #expect(try await other.verifies(access)) }
        }
        // The same token on both at once, again and again: one generation, and both are told the same successor.
        for _ in 0..<5 {
            let present = token
            async let one = a.refresh(present)
            async let other = b.refresh(present)
            let answers = try await [one, other]
            #expect(answers.map(\.status) == [200, 200], "\(answers.map(\.body))")
            #expect(Set(answers.compactMap { $0.text("refresh_token") }).count == 1)
            token = try #require(answers[0].text("refresh_token"))
        }
        let generations = try await cluster.sql("SELECT generation FROM session")
        #expect(generations == "8\n")
        await cluster.stop()
    }

    @Test func keysRotatedByOneAreUsedByAllAndNeverTooSoon() async throws {
        let cluster = try await Cluster.make(nodes: 2)
        try await cluster.start()
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        func header(_ token: String) -> Substring { token.prefix { $0 != "." } }
        let old = try #require(try await a.open("alice", "alice-secret").text("access_token"))
        // Twice: the second key to sign was unknown a moment ago.
        for _ in 0..<2 { #expect(try await a.command(["key", "rotate"]).succeeded) }
        // Whatever one signs, the other verifies, at every moment of the change.
        var seen: [Int: Set<Substring>] = [:]
        let end = ContinuousClock.now + .seconds(6)
        while ContinuousClock.now < end {
            for (signer, verifier) in [(a, b), (b, a)] {
                let token = try #require(try await signer.open("alice", "alice-secret").text("access_token"))
                let answer = try await verifier.verify(token)
                #expect(answer.status == 200, "\(answer.body)")
                seen[signer.port, default: []].insert(header(token))
            }
        }
        // Older keys first, the one between for a moment, the new one in the end; which of them are met depends on the pace.
        for node in cluster.nodes { #expect((1...3).contains(seen[node.port]?.count ?? 0), "\(seen)") }
        for node in cluster.nodes {
            let token = try #require(try await node.open("alice", "alice-secret").text("access_token"))
            #expect(header(token) != header(old))
            #expect(try await node.verifies(old))
        }
        let sets = [try await a.keySet(), try await b.keySet()]
        #expect(sets[0] == sets[1] && sets[0].contains("\"kid\""))
        // A node that starts now knows them all.
        await b.stop()
        try await b.start()
        #expect(try await b.verifies(old))
        #expect(try await b.keySet() == sets[0])
        await cluster.stop()
    }

    @Test func whatEndsAtOneHasEndedAtTheOtherWithinASecond() async throws {
        let cluster = try await Cluster.make(nodes: 2)
        try await cluster.start()
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        for way in ["logout", "session end", "revoke-before"] {
            let opened = try await a.open("bob", "bob-secret")
            let token = try #require(opened.text("access_token"))
            let refresh = try #require(opened.text("refresh_token"))
            #expect(try await b.verifies(token))
            switch way {
            case "logout":
                let out = try await Curl.send([
                    "-X", "POST", "-H", "Authorization: Bearer \(token)", "\(a.url)/api/v1/auth/logout",
                ])
                #expect(out.status == 204)
            default:
                let command = way == "session end" ? [way] : ["revoke-before", "now"]
                let arguments = command.flatMap { $0.split(separator: " ").map(String.init) } + ["--user", "corp:bob"]
                let outcome = try await a.command(arguments)
                #expect(outcome.succeeded, "\(way): \(outcome.output)\(outcome.errorOutput)")
            }
            let begun = ContinuousClock.now
            // The last question that was answered as if nothing had happened.
            var lastGood = begun
            let isRefused = try await eventually {
                let asked = ContinuousClock.now
                guard try await b.verifies(token) else { return true }
                lastGood = asked
                return false
            }
            let took = lastGood - begun - LostTime.since(begun, until: lastGood)
            #expect(isRefused && took < .seconds(1), "\(way): \(took)")
            #expect(try await b.refresh(refresh).status == 400)
        }
        await cluster.stop()
    }

    @Test func guessesCountTogether() async throws {
        let cluster = try await Cluster.make(
            nodes: 2,
            sections: """
                [throttle]
                account_failures = 4
                lockout = "1m"
                repeat_memory = "0s"
                """
        )
        try await cluster.start()
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        for (number, node) in [a, b, a, b].enumerated() {
            #expect(try await node.login("alice", "wrong\(number)", directory: 1).status == 400)
        }
        // The right password has to wait at the node that counted last at once, at the other as soon as it has heard. It is not
        // asked before: whoever is let in begins anew.
        #expect(try await b.login("alice", "alice-secret", directory: 1).status == 429)
        try await Task.sleep(for: .seconds(2))
        let waits = try await eventually(within: .seconds(3)) {
            try await a.login("alice", "alice-secret", directory: 1).status == 429
        }
        #expect(waits)
        #expect(try await a.login("bob", "bob-secret", directory: 1).status == 200)
        await cluster.stop()
    }

    @Test func firstLoginsOnBothNodesNumberEverybodyOnce() async throws {
        let names = (0..<24).map { "new\($0)" }
        let cluster = try await Cluster.make(nodes: 2, people: Cluster.ldif(names))
        try await cluster.start()
        let ids = try await withThrowingTaskGroup(of: (String, Int, Int).self) { group in
            for name in names {
                for node in cluster.nodes {
                    group.addTask {
                        var answer = try await node.login(name, "\(name)-secret", directory: 1)
                        // All at once on a busy machine: who is sent away for now comes back, as any client does.
                        for _ in 0..<5 where answer.status == 503 {
                            try await Task.sleep(for: .seconds(1))
                            answer = try await node.login(name, "\(name)-secret", directory: 1)
                        }
                        guard let id = answer.number("userId"), let session = answer.number("DTTSessionId") else {
                            throw CurlError(description: "\(answer.status) \(answer.body)")
                        }
                        return (name, id, session)
                    }
                }
            }
            return try await group.reduce(into: [(String, Int, Int)]()) { $0.append($1) }
        }
        let people = Dictionary(grouping: ids, by: \.0)
        #expect(people.count == 24)
        #expect(people.values.allSatisfy { $0.count == 2 && Set($0.map(\.1)).count == 1 })
        #expect(Set(ids.map(\.1)).count == 24, "a userId for each person")
        #expect(Set(ids.map(\.2)).count == 48, "a DTTSessionId for each session")
        await cluster.stop()
    }

    @Test func whoWasLetInHereIsLetInThereDuringAnOutageOfTheDirectory() async throws {
        let cluster = try await Cluster.make(nodes: 2, directory: "offline_cache = \"1h\"")
        try await cluster.start()
        let (a, b) = (cluster.nodes[0], cluster.nodes[1])
        #expect(try await a.login("alice", "alice-secret", directory: 1).status == 200)
        // The hash is made behind the answer.
        #expect(try await eventually { try await cluster.sql("SELECT count(*) FROM offline_entry") == "1\n" })
        await cluster.slapd.stop()
        let bridged = try await b.login("alice", "alice-secret", directory: 1)
        #expect(bridged.status == 200, "\(bridged.body)")
        #expect(try await b.login("alice", "wrong", directory: 1).status == 503)
        #expect(try await b.login("bob", "bob-secret", directory: 1).status == 503)
        await cluster.stop()
    }
}

extension Daemon {
    fileprivate func keySet() async throws -> String {
        try await Curl.send(["\(url)/.well-known/jwks.json"]).body
    }
}
