public import EventPoller
public import Logging

/// Listens on channels over a connection of its own, and connects again by itself.
///
/// A sequence for one consumer: `.listening` after each connect, then notifications. At most 256 wait for a slow consumer;
/// older ones are dropped then, so a notification should say "look", not "what".
public final class PostgresListener: AsyncSequence, Sendable {
    /// What is told.
    public typealias Element = PostgresEvent
    /// Nothing is thrown: an outage only shows as silence and a further `.listening`.
    public typealias Failure = Never

    private let core: PostgresCore
    private let events: AsyncStream<PostgresEvent>
    private let continuation: AsyncStream<PostgresEvent>.Continuation

    /// Begins to listen.
    /// - Parameter channels: names as they are, without quotes.
    public init(
        _ channels: [String],
        _ configuration: PostgresConfiguration,
        poller: EventPoller,
        blocking: BlockingPool,
        logger: Logger
    ) {
        let (events, continuation) = AsyncStream.makeStream(
            of: PostgresEvent.self,
            bufferingPolicy: .bufferingNewest(256)
        )
        self.events = events
        self.continuation = continuation
        var configuration = configuration
        configuration.connections = 1
        configuration.setup += channels.map { channel in
            "LISTEN \"\(channel.replacing("\"", with: "\"\""))\""
        }
        core = PostgresCore(configuration, poller: poller, blocking: blocking, logger: logger) {
            continuation.yield($0)
        }
        let core = core
        Task { await core.grow() }
    }

    deinit {
        continuation.finish()
        let core = core
        Task { await core.shutDown() }
    }

    /// The events from now on.
    public func makeAsyncIterator() -> AsyncStream<PostgresEvent>.Iterator { events.makeAsyncIterator() }

    /// Stops listening; the sequence ends.
    public func close() async {
        await core.close()
        continuation.finish()
    }
}
