/// A piece of work that is repeated and counted.
struct Benchmark: Sendable {
    /// What the command line and thresholds.json call it.
    let name: String
    /// Makes whatever one turn works on, and returns the turn.
    let prepare: @Sendable () async throws -> () async throws -> Void

    init(_ name: String, _ prepare: @escaping @Sendable () async throws -> () async throws -> Void) {
        self.name = name
        self.prepare = prepare
    }
}

/// Takes a result, so that the optimizer cannot leave out the work that made it.
@inline(never)
@_optimize(none)
func keep(_ value: some Any) {}

/// Returns its argument, but the optimizer does not know that.
@inline(never)
@_optimize(none)
func opaque<Value>(_ value: Value) -> Value { value }
