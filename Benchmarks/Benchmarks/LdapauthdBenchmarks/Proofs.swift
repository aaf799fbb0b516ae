internal import CAllocationCounter

/// Work whose count is known, so that a counter that misses something is noticed.
let proofs = [
    Benchmark("proof-c-1000-allocations") { { allocate_thousand_times() } },
    Benchmark("proof-swift-1000-allocations") {
        {
            for number in 0..<1000 { keep(Counted(number)) }
        }
    },
]

private final class Counted {
    let number: Int

    @inline(never)
    init(_ number: Int) { self.number = number }
}
