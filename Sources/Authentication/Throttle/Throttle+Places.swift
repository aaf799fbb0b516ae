internal import Synchronization

/// Waiting for others who ask with the same name or from the same address: no count may be passed by many at once.
extension Throttle {
    struct Waiter {
        let id: UInt64
        let place: ThrottleState.Place
        let continuation: CheckedContinuation<Void, Never>
    }

    /// Comes back when there may be room at that place, or when the task is cancelled.
    func turn(_ place: ThrottleState.Place) async {
        let id = shared.withLock { shared in
            shared.lastWaiter += 1
            return shared.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = clock.now()
                shared.withLock { shared in
                    // It may have ended before anybody could wait for it.
                    if Task.isCancelled || shared.state.room(at: place, now) > 0 {
                        continuation.resume()
                    } else {
                        let waiter = Waiter(id: id, place: place, continuation: continuation)
                        shared.waiting[place.key, default: []].append(waiter)
                    }
                }
            }
        } onCancel: {
            let waiter = shared.withLock { shared -> Waiter? in
                guard let index = shared.waiting[place.key]?.firstIndex(where: { $0.id == id }) else { return nil }
                return shared.remove(index, of: place.key)
            }
            waiter?.continuation.resume()
        }
    }

    /// How many attempts wait for a place.
    var parked: Int { shared.withLock { $0.waiting.values.reduce(0) { $0 + $1.count } } }

    /// Gives the places of an attempt back and wakes those who wait for them.
    func release(_ ticket: inout ThrottleTicket) {
        let now = clock.now()
        let woken = shared.withLock { shared in
            shared.state.release(&ticket).flatMap { shared.wake($0, now) }
        }
        for waiter in woken { waiter.continuation.resume() }
    }

    /// Wakes those who may go where somebody was woken and did not go.
    func passOn(_ key: ThrottleKey) {
        let now = clock.now()
        for waiter in shared.withLock({ $0.wake(key, now) }) { waiter.continuation.resume() }
    }
}

extension Throttle.Shared {
    /// As many as there is room for, in the order in which they came: to wake all for one place would be work for each.
    mutating func wake(_ key: ThrottleKey, _ now: Timestamp) -> [Throttle.Waiter] {
        guard let waiters = waiting[key] else { return [] }
        var woken: [Throttle.Waiter] = []
        var left: [Throttle.Waiter] = []
        // Most wait for the same place.
        var rooms: [ThrottleState.Place: Int] = [:]
        for waiter in waiters {
            let room = rooms[waiter.place] ?? state.room(at: waiter.place, now)
            rooms[waiter.place] = room
            if room > woken.count { woken.append(waiter) } else { left.append(waiter) }
        }
        waiting[key] = left.isEmpty ? nil : left
        return woken
    }

    mutating func remove(_ index: Int, of key: ThrottleKey) -> Throttle.Waiter? {
        let waiter = waiting[key]?.remove(at: index)
        if waiting[key]?.isEmpty ?? false { waiting[key] = nil }
        return waiter
    }
}
