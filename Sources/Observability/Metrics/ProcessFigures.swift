internal import Authentication
internal import Glibc

/// What the kernel says of this process, by the names every Prometheus exporter uses.
public struct ProcessFigures: Sendable {
    private let start: Timestamp

    /// Takes now for the start of the process: make it early.
    public init() {
        start = SystemWallClock().now()
    }

    /// Writes the figures of now.
    public func write(to page: inout MetricsPage) {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        let cpu = Self.seconds(usage.ru_utime) + Self.seconds(usage.ru_stime)
        page.single("process_cpu_seconds_total", .counter, "User and system CPU time.", cpu)
        let pages = Self.memoryPages()
        let size = Double(max(0, sysconf(CInt(_SC_PAGESIZE))))
        page.single("process_virtual_memory_bytes", .gauge, "Virtual memory.", Double(pages.virtual) * size)
        page.single("process_resident_memory_bytes", .gauge, "Resident memory.", Double(pages.resident) * size)
        page.single("process_open_fds", .gauge, "Open file descriptors.", Double(Self.openDescriptors()))
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        page.single("process_max_fds", .gauge, "The most file descriptors there may be.", Double(limit.rlim_cur))
        page.single(
            "process_start_time_seconds",
            .gauge,
            "When the process started, in seconds since the epoch.",
            Double(start.milliseconds) / 1000
        )
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }

    /// proc_pid_statm(5): size and resident, in pages.
    private static func memoryPages() -> (virtual: Int, resident: Int) {
        guard let file = unsafe fopen("/proc/self/statm", "re") else { return (0, 0) }
        defer { unsafe fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, file) }
        let numbers = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ").compactMap { Int($0) }
        return numbers.count >= 2 ? (numbers[0], numbers[1]) : (0, 0)
    }

    /// Entries of /proc/self/fd but for `.`, `..` and the one used to look.
    private static func openDescriptors() -> Int {
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(folder) }
        var number = 0
        while unsafe readdir(folder) != nil { number += 1 }
        return max(0, number - 3)
    }
}
