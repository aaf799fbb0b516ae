import EventPoller
import LDAPClient
import Logging
import TestSupport

/// A poller, a pool and the hosts on them, as a program has them.
final class Rig: Sendable {
    let poller: EventPoller
    let pool: BlockingPool
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init(threads: Int = 4, queueLimit: Int = 64) throws {
        poller = try EventPoller(name: "test-poller")
        pool = BlockingPool(name: "test-pool", threads: threads, queueLimit: queueLimit)
    }

    /// A host. Tests of what goes well leave the timeouts long: the machine may be busy.
    func host(
        _ url: String,
        connectTimeout: Duration = .seconds(20),
        operationTimeout: Duration = .seconds(20),
        _ change: (inout LDAPHostSettings) -> Void = { _ in }
    ) throws -> LDAPHost {
        var settings = LDAPHostSettings(
            url: try LDAPURL(url),
            connectTimeout: connectTimeout,
            operationTimeout: operationTimeout
        )
        change(&settings)
        return LDAPHost(settings: settings, poller: poller, pool: pool, logger: logger)
    }
}

/// A password of the tests.
struct Secret: LDAPCredential {
    let octets: [UInt8]

    init(_ text: String) { octets = Array(text.utf8) }
    init(octets: [UInt8]) { self.octets = octets }

    func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var outcome: Swift.Result<Result, Failure>?
        octets.withUnsafeBytes { bytes in
            do throws(Failure) { outcome = .success(try body(bytes)) } catch { outcome = .failure(error) }
        }
        guard let outcome else { preconditionFailure("the closure was not called") }
        return try outcome.get()
    }
}

extension ContinuousClock.Instant {
    /// A deadline some seconds from now.
    static func after(_ seconds: Double) -> ContinuousClock.Instant { .now + .seconds(seconds) }
}

/// What a call threw; nil when it did not.
func failure<Value>(_ body: () async throws(LDAPError) -> Value) async -> LDAPError? {
    do throws(LDAPError) {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

extension LDAPHostSettings {
    /// The service account of the sample directory.
    mutating func useServiceAccount(of slapd: Slapd, password: String? = nil) {
        let secret = Secret(password ?? slapd.servicePassword)
        serviceIdentities = [.simple(dn: slapd.serviceDN, credential: { secret })]
    }
}
