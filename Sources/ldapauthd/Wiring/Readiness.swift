import Authentication
import DirectoryAuth
import HTTPAPI
import Storage
import Tokens

extension Rooms {
    /// Who can be asked now, for /readyz: not ready only while nobody at all can be let in.
    func readiness(_ foundations: Foundations) async -> ReadinessReport {
        let feed = foundations.feed
        let storeAnswers = feed.failure == nil
        var sources = directories.map { Self.source($0.directory.status) }
        let bridged = zip(configuration.directories, sources).filter { $0.offlineCache > .zero && $1.state == .down }
        var anybody = sources.contains { $0.state == .up || $0.state == .unknown }
        if configuration.usesLocalAccounts {
            let local = await Self.local(foundations, storeAnswers: storeAnswers)
            anybody = anybody || local.state == .up
            sources.append(local)
        }
        if !anybody, storeAnswers {
            for (directory, _) in bridged where !anybody {
                anybody =
                    (try? await foundations.store.hasOfflineEntry(SourceID(directory.id), now: SystemWallClock().now()))
                    ?? false
            }
        }
        sources.append(
            ReadinessReport.Source(name: "storage", state: storeAnswers ? .up : .down, detail: feed.failure)
        )
        return ReadinessReport(isReady: feed.isLoaded && storeAnswers && anybody, sources: sources)
    }

    private static func source(_ status: DirectoryStatus) -> ReadinessReport.Source {
        let state: ReadinessReport.State = status.mayAnswer ? .up : status.isUnknown ? .unknown : .down
        return ReadinessReport.Source(
            name: status.name,
            state: state,
            detail: status.failure,
            hosts: status.hosts.map { host in
                ReadinessReport.Host(
                    url: host.url,
                    state: host.state.rawValue,
                    since: host.since.seconds,
                    failures: host.failures,
                    error: host.lastError
                )
            }
        )
    }

    /// A store that does not answer lets nobody in.
    private static func local(_ foundations: Foundations, storeAnswers: Bool) async -> ReadinessReport.Source {
        guard storeAnswers, let anybody = try? await foundations.store.hasUsableAccount() else {
            return ReadinessReport.Source(name: "local", state: .down, detail: "the store does not answer")
        }
        return ReadinessReport.Source(name: "local", state: anybody ? .up : .empty)
    }
}
