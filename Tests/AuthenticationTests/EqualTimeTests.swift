import Authentication
import Testing

/// How long a refusal takes does not tell names that exist (SECURITY.md): lower quartiles lie within 1.25 of each
/// other.
@Suite(.serialized) struct EqualTimeTests {
    @Test func refusalsOfLocalNamesTakeTheSameTime() async throws {
        let fixture = try LocalFixture(memory: 4 << 20)
        for name in ["alice", "disabled"] {
            _ = try await fixture.service.add(NewAccount(name: name, groups: ["a", "b"]), password: Password("geheim"))
        }
        _ = try await fixture.service.setDisabled(true, name: "disabled")
        _ = try await fixture.service.add(NewAccount(name: "fresh"), password: nil)

        var ratios: [Double] = []
        for _ in 1...3 {
            let ratio = await spread(of: ["alice", "disabled", "fresh", "nobody"], rounds: 80, fixture)
            if ratio < 1.25 { return }
            ratios.append(ratio)
        }
        Issue.record("lower quartiles differ by \(ratios)")
    }

    /// The greatest lower quartile divided by the smallest; interleaved, so that noise of the machine falls on all alike. A hash
    /// that is not made moves every quantile, noise the upper ones.
    private func spread(of names: [String], rounds: Int, _ fixture: LocalFixture) async -> Double {
        var samples: [String: [Duration]] = [:]
        for round in 0..<rounds {
            for offset in names.indices {
                let name = names[(round + offset) % names.count]
                let elapsed = await ContinuousClock().measure { _ = await fixture.login(name, "falsch") }
                samples[name, default: []].append(elapsed)
            }
        }
        let quartiles = samples.values.map { $0.sorted()[$0.count / 4] }
        guard let least = quartiles.min(), let greatest = quartiles.max() else { return .infinity }
        return greatest / least
    }
}
