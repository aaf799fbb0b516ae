internal import Authentication
internal import Glibc
internal import Observability

/// The line that every login leaves.
let auditBenchmarks = [
    Benchmark("write-audit-line") {
        // Never closed: the process ends after one benchmark.
        let null = unsafe open("/dev/null", O_WRONLY)
        let audit = AuditLog(LogOutput(format: .text, descriptor: null))
        var event = AuditEvent(.login)
        event.user = "jürgen"
        event.userID = 42
        event.source = "corp"
        event.client = "web"
        event.address = "192.0.2.10"
        event.host = "ldap1.corp.example:636"
        event.session = "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11"
        event.duration = .milliseconds(7)
        event.requestID = "0123456789abcdef"
        let login = event
        return { audit.record(login) }
    }
]
