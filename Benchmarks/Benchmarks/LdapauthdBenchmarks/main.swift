internal import CAllocationCounter
internal import Glibc

// The micro-benchmarks: pure pieces of a login, without sockets, files or SQL, so that their instructions and
// allocations are the same on every run. It runs one benchmark so many times and prints how often it allocated;
// Benchmarks/run-micro runs it under callgrind and compares what is counted with thresholds.json.

let benchmarks = proofs + formatBenchmarks + filterBenchmarks + tokenBenchmarks + storeBenchmarks + auditBenchmarks

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == "--list" {
    for benchmark in benchmarks { print(benchmark.name) }
    exit(0)
}
guard arguments.count == 2, let name = arguments.first, let turns = arguments.last.flatMap({ Int($0) }), turns > 0,
    let benchmark = benchmarks.first(where: { $0.name == name })
else {
    print("usage: ldapauthd-benchmarks --list | NAME TURNS")
    exit(2)
}

Task.detached {
    do {
        let turn = try await benchmark.prepare()
        // Caches, lazy globals and the allocator's own tables come first, and once.
        for _ in 0..<20 { try await turn() }
        let before = allocation_count()
        start_counting_instructions()
        for _ in 0..<turns { try await turn() }
        stop_counting_instructions()
        let allocations = allocation_count() - before
        print("{\"name\":\"\(name)\",\"turns\":\(turns),\"allocations\":\(Double(allocations) / Double(turns))}")
        exit(0)
    } catch {
        print("\(name): \(error)")
        exit(1)
    }
}
// An asynchronous main program ends its first thread in libdispatch, and Debian 12's valgrind dies of how that waits: it
// writes into the constant signal mask that sigsuspend(2) is given.
while true { pause() }
