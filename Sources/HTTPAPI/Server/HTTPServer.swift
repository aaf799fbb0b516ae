internal import Logging
internal import NIOCore
internal import ServiceLifecycle

/// A set of listeners with one set of limits and one responder: it binds, serves until told to stop, and drains.
struct HTTPServer: Sendable {
    let core: ServerCore
    let listen: [ListenAddress]
    let inheritedSockets: [CInt]
    let tls: TLSContext?
    let group: any EventLoopGroup

    /// Listens everywhere, calls `onReady` with where, and returns when a graceful shutdown or a cancellation has been
    /// carried through.
    ///
    /// - Throws: ``HTTPServerError`` when one of the addresses cannot be listened on; then none is.
    func run(onReady: @Sendable ([BoundAddress]) async -> Void) async throws {
        var listeners: [HTTPListener] = []
        do {
            for address in listen {
                listeners += try await HTTPListener.bind(
                    address,
                    inherited: inheritedSockets,
                    server: core,
                    tls: tls,
                    group: group
                )
            }
        } catch {
            for listener in listeners { await listener.close() }
            throw error
        }
        for listener in listeners { core.logger.notice("listening", metadata: ["address": "\(listener.address)"]) }
        await onReady(listeners.map(\.address))
        // Returns on cancellation as well, by throwing.
        try? await gracefulShutdown()
        for listener in listeners { await listener.close() }
        await drain()
    }

    private func drain() async {
        core.registry.quiesce()
        // A detached task, because a cancelled one cannot wait.
        let left = await Task.detached { [core] in
            if await core.registry.drained(within: core.limits.shutdownGrace) { return 0 }
            let count = core.registry.abort()
            _ = await core.registry.drained(within: .seconds(2))
            return count
        }.value
        if left > 0 { core.logger.warning("connections cut off at shutdown", metadata: ["connections": "\(left)"]) }
    }
}
