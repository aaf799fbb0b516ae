import Logging
import Observability

/// Lets one reload run after the other, tells systemd of each, and logs what came of it.
actor Reloader {
    private let reload: Reload
    private let manager: ServiceManager
    private let logger: Logger
    private var last: Task<ControlAnswer, Never>?

    init(_ reload: Reload, manager: ServiceManager, logger: Logger) {
        self.reload = reload
        self.manager = manager
        self.logger = logger
    }

    /// Does what a command asks for.
    func answer(_ request: ControlRequest) async -> ControlAnswer {
        switch request.command {
        case .reload:
            // Whoever names another file would believe that it is in force now.
            if let named = request.configuration, !Self.isSame(named, reload.file) {
                return ControlAnswer(
                    code: CommandFailure.Code.badInput.rawValue,
                    message: "the daemon runs with \(reload.file), not with \(named)"
                )
            }
            return await run(askedBy: "ldapauthd reload")
        }
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        one == other || FileIdentity(one).map { $0 == FileIdentity(other) } ?? false
    }

    /// Reloads after those that were asked for before; whoever asks is told what came of it.
    func run(askedBy who: String) async -> ControlAnswer {
        let before = last
        let task = Task {
            _ = await before?.value
            return await once(who)
        }
        last = task
        return await task.value
    }

    /// Returns when no reload is under way.
    func finish() async {
        _ = await last?.value
        await reload.retirement.finish()
    }

    private func once(_ who: String) async -> ControlAnswer {
        await manager.reloading()
        let foundations = reload.foundations
        let answer: ControlAnswer
        do throws(CommandFailure) {
            let sentence = try await reload.run()
            logger.notice("\(sentence)", metadata: ["asked_by": "\(who)"])
            foundations.reloads.count(isGood: true)
            answer = ControlAnswer(code: 0, message: sentence)
        } catch {
            logger.error(
                "not reloaded, the old configuration goes on",
                metadata: ["error": "\(error.description)", "asked_by": "\(who)"]
            )
            foundations.reloads.count(isGood: false)
            answer = ControlAnswer(
                code: error.code.rawValue,
                message: "\(error.description)\nNothing was changed: the daemon goes on with its old configuration."
            )
        }
        await manager.ready(status: StatusLine.text(reload.inForce.rooms, foundations.metrics))
        return answer
    }
}
