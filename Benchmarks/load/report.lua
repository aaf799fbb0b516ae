-- What each wrk script prints at its end: one line for Benchmarks/load/measures.py.
function done(summary, latency, requests)
    local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
    io.write(string.format(
        'JSON {"rate":%.1f,"done":%d,"errors":%d,"status_errors":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p999_ms":%.3f}\n',
        summary.requests / (summary.duration / 1e6), summary.requests, errors, summary.errors.status,
        latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000))
end

-- Threads are numbered from 0.
local threads = 0

function setup(thread)
    thread:set("index", threads)
    threads = threads + 1
end
