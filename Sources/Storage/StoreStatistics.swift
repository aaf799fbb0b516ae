/// What the store did since it was opened, for metrics.
public struct StoreStatistics: Sendable, Hashable {
    /// The upper bounds of `batchSizes`, inclusive.
    public static let batchSizeBounds = [1, 2, 4, 8, 16, 32, 64, 128, 256]

    /// Writers answered, failed ones included.
    public var writes: UInt64 = 0
    /// Transactions committed; the disk was asked once for each.
    public var batches: UInt64 = 0
    /// Transactions that could not be begun or committed; none of their writers was answered well.
    public var failedBatches: UInt64 = 0
    /// The most writers in one transaction.
    public var largestBatch = 0
    /// How many transactions had at most so many writers as `batchSizeBounds` says at the same place, and more than the
    /// place before.
    public var batchSizes = [UInt64](repeating: 0, count: StoreStatistics.batchSizeBounds.count)
    /// From the beginning of a transaction to its being durable, summed.
    public var timeInBatches: Duration = .zero
    /// The upper bounds of `batchTimes`, inclusive: from a write to a memory of flash (0.1 ms) to a disk that hangs.
    public static let batchTimeBounds: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1), .microseconds(2500),
        .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(100),
        .milliseconds(250), .milliseconds(500), .seconds(1), .milliseconds(2500), .seconds(5),
    ]
    /// How many transactions took at most so long as `batchTimeBounds` says at the same place, and longer than the place
    /// before; the last, one more than there are bounds, those that took longer.
    public var batchTimes = [UInt64](repeating: 0, count: StoreStatistics.batchTimeBounds.count + 1)
    /// The longest of them: so long every other writer waited.
    public var longestBatch: Duration = .zero
    /// Writers refused because too many were waiting.
    public var refused: UInt64 = 0
    /// Writers waiting now.
    public var waiting = 0
    /// Reads answered.
    public var reads: UInt64 = 0

    /// Nothing done yet.
    public init() {}

    mutating func count(batch size: Int, took time: Duration) {
        batches += 1
        writes += UInt64(size)
        largestBatch = max(largestBatch, size)
        timeInBatches += time
        longestBatch = max(longestBatch, time)
        batchTimes[Self.batchTimeBounds.firstIndex { time <= $0 } ?? Self.batchTimeBounds.count] += 1
        let place = Self.batchSizeBounds.firstIndex { size <= $0 } ?? Self.batchSizeBounds.count - 1
        batchSizes[place] += 1
    }
}
