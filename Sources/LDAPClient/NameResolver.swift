import EventPoller
import Glibc
import Synchronization

/// Turns host names into addresses without blocking the caller: getaddrinfo(3) on a few threads of its own, because it
/// has no timeout and a broken resolver must not pin the threads that others need.
///
/// An answer is used for `freshness` without asking again; when the resolver fails or is too slow, the last answer is used
/// however old it is: where there is one, a new one is waited for a moment only. Calls for one name share one look-up.
final class NameResolver: Sendable {
    /// One for the process: what is known of a name is the same for every directory.
    static let shared = NameResolver()

    /// Addresses without a port, or why there are none.
    typealias Answer = Result<[SocketAddress], LookupFailure>
    typealias Lookup = @Sendable (_ host: String) -> Answer

    struct LookupFailure: Error, Sendable {
        let reason: String
    }

    private struct State {
        var known: [String: (addresses: [SocketAddress], until: ContinuousClock.Instant)] = [:]
        var waiting: [String: [Handover<Answer>]] = [:]
    }

    /// More names than that are not kept: a directory has a handful.
    private static let nameLimit = 256

    /// How long a new answer is waited for when there is an old one.
    private static let patience = Duration.milliseconds(250)

    private let state = Mutex(State())
    private let threads: BlockingPool
    private let freshness: Duration
    private let lookup: Lookup

    init(freshness: Duration = .seconds(30), lookup: @escaping Lookup = systemLookup) {
        threads = BlockingPool(name: "resolver", threads: 8, queueLimit: 64)
        self.freshness = freshness
        self.lookup = lookup
    }

    /// The addresses of a host, in the resolver's order of preference (RFC 6724).
    /// - Throws: `.nameResolution`, or `.cancelled`.
    func addresses(
        of host: String,
        port: Int,
        deadline: ContinuousClock.Instant,
        on poller: EventPoller
    ) async throws(LDAPError) -> [SocketAddress] {
        // An address needs nobody's answer.
        if let address = SocketAddress(numeric: host) { return [address.with(port: port)] }
        let known = state.withLock { $0.known[host] }
        if let known, known.until > .now { return known.addresses.map { $0.with(port: port) } }
        let deadline = known == nil ? deadline : min(deadline, .now + Self.patience)
        let handover = Handover<Answer>()
        let failure: String
        do throws(BlockingPool.GivenUp) {
            let answer = try await handover.value(until: deadline, on: poller) { ask(host, handover) }
            switch answer {
            case .success(let addresses): return addresses.map { $0.with(port: port) }
            case .failure(let error): failure = error.reason
            }
        } catch {
            forget(handover, host)
            if error.reason == .cancelled { throw LDAPError(.cancelled, "cancelled while resolving “\(host)”") }
            failure = error.reason == .full ? "too many look-ups are on their way" : "no answer in time"
        }
        if let stale = state.withLock({ $0.known[host] }) { return stale.addresses.map { $0.with(port: port) } }
        throw LDAPError(.nameResolution, "“\(host)” cannot be resolved: \(failure)")
    }

    private func ask(_ host: String, _ handover: Handover<Answer>) {
        let (known, isFirst): ([SocketAddress]?, Bool) = state.withLock { state in
            // The answer may have come since the caller looked.
            if let known = state.known[host], known.until > .now { return (known.addresses, false) }
            state.waiting[host, default: []].append(handover)
            return (nil, state.waiting[host]?.count == 1)
        }
        if let known { handover.finish(.success(known)) }
        guard isFirst else { return }
        threads.start { [self] in
            answer(host, lookup(host))
        } orElse: { [self] in
            let turnedAway = state.withLock { $0.waiting.removeValue(forKey: host) } ?? []
            for handover in turnedAway { handover.giveUp(.full) }
        }
    }

    private func answer(_ host: String, _ answer: Answer) {
        let waiting = state.withLock { state in
            if case .success(let addresses) = answer {
                if state.known.count >= Self.nameLimit { state.known.removeAll() }
                state.known[host] = (addresses, .now + freshness)
            }
            return state.waiting.removeValue(forKey: host) ?? []
        }
        for handover in waiting { handover.finish(answer) }
    }

    /// The look-up itself goes on and its answer is kept: an entry of `waiting` marks that it is under way, so the list
    /// stays although it may be empty of callers.
    private func forget(_ handover: Handover<Answer>, _ host: String) {
        state.withLock { state in
            guard let waiting = state.waiting[host], waiting.count > 1 else { return }
            state.waiting[host] = waiting.filter { $0 !== handover }
        }
    }

    @Sendable static func systemLookup(_ host: String) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        var code = unsafe getaddrinfo(host, nil, &hints, &list)
        if code != 0, code != EAI_AGAIN {
            // AI_ADDRCONFIG hides ::1 on a machine whose only IPv6 address is loopback (RFC 3493 §6.1).
            unsafe hints.ai_flags = 0
            code = unsafe getaddrinfo(host, nil, &hints, &list)
        }
        guard code == 0 else {
            let reason =
                code == EAI_SYSTEM ? SystemError(number: errno).description : unsafe String(cString: gai_strerror(code))
            return .failure(LookupFailure(reason: reason))
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var item = unsafe list
        while let info = unsafe item {
            if let address = unsafe SocketAddress(info.pointee) { addresses.append(address) }
            unsafe item = info.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(LookupFailure(reason: "no address")) : .success(addresses)
    }
}
