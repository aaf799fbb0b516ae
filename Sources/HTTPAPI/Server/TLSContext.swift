internal import Logging
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Certificate chain and private key of `[http.tls]`.
public struct TLSFiles: Sendable, Hashable {
    /// PEM: the server's certificate first, then its issuers.
    public var certificate: String
    /// PEM: the private key of the first certificate.
    public var key: String

    /// Two paths.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// The TLS side of a server: TLS 1.2 and up, HTTP/1.1 by ALPN, and a certificate that can be replaced while running.
///
/// New connections take the newest pair that could be read; those already open keep theirs.
final class TLSContext: Sendable {
    /// A pair that was read and can be used.
    struct Pair: Sendable {
        fileprivate let files: TLSFiles
        fileprivate let context: NIOSSLContext
        fileprivate let endPoint: [UInt8]
        fileprivate var stamps: [FileStamp]
        let expiry: Int64
    }

    private let state: Mutex<Pair>

    /// A context that begins with `pair`.
    init(_ pair: Pair) {
        state = Mutex(pair)
    }

    /// Reads the pair for the first time.
    ///
    /// - Throws: ``HTTPServerError`` with the code `certificate`, naming the file at fault.
    static func load(_ files: TLSFiles) async throws(HTTPServerError) -> TLSContext {
        TLSContext(try await read(files))
    }

    /// Reads the pair again and uses it from the next connection on; the old one stays when it cannot be used.
    ///
    /// - Returns: false when a new configuration has brought another pair meanwhile, which stays.
    func reload() async throws(HTTPServerError) -> Bool {
        let files = files
        let pair = try await Self.read(files)
        return state.withLock { state in
            guard state.files == files else { return false }
            state = pair
            return true
        }
    }

    /// Uses `pair` from the next connection on.
    func adopt(_ pair: Pair) {
        state.withLock { $0 = pair }
    }

    /// When the first certificate of the chain in use ends, in seconds since the epoch.
    var expiry: Int64 { state.withLock { $0.expiry } }

    private var files: TLSFiles { state.withLock { $0.files } }

    /// True when a file is another than when it was read last; a pair found wrong is not looked at again until then.
    func filesHaveChanged() async -> Bool {
        let stamps = await Self.stamps(files)
        return state.withLock { state in
            guard let stamps, stamps != state.stamps else { return false }
            state.stamps = stamps
            return true
        }
    }

    /// The handler that makes one connection TLS, and the end point it shows (RFC 5929 §4).
    func makeSide() -> (handler: NIOSSLServerHandler, endPoint: [UInt8]) {
        let (context, endPoint) = state.withLock { ($0.context, $0.endPoint) }
        return (NIOSSLServerHandler(context: context), endPoint)
    }

    // Files are read on NIO's thread pool: a certificate may lie on a slow disk.

    private static func stamps(_ files: TLSFiles) async -> [FileStamp]? {
        try? await NIOThreadPool.singleton.runIfActive {
            [FileStamp(path: files.certificate), FileStamp(path: files.key)]
        }
    }

    /// Reads a pair without using it yet.
    ///
    /// - Throws: ``HTTPServerError`` with the code `certificate`, naming the file at fault.
    static func read(_ files: TLSFiles) async throws(HTTPServerError) -> Pair {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try readNow(files) }
        } catch let error as HTTPServerError {
            throw error
        } catch {
            throw HTTPServerError(.certificate, "the TLS certificate cannot be read", cause: error)
        }
    }

    /// The same on the caller's thread, which blocks.
    static func readNow(_ files: TLSFiles) throws(HTTPServerError) -> Pair {
        do {
            // Stamped before they are read, so that a change in between is seen next time.
            let stamps = [FileStamp(path: files.certificate), FileStamp(path: files.key)]
            let chain = try readChain(files)
            return Pair(
                files: files,
                context: try makeContext(files, chain),
                endPoint: TLSEndPoint.hash(ofCertificate: try chain[0].toDERBytes()),
                stamps: stamps,
                expiry: Int64(chain.map(\.notValidAfter).min() ?? 0)
            )
        } catch let error as HTTPServerError {
            throw error
        } catch {
            throw HTTPServerError(.certificate, "the TLS certificate cannot be read", cause: error)
        }
    }

    private static func readChain(_ files: TLSFiles) throws -> [NIOSSLCertificate] {
        let chain = try reading(files.certificate, "certificate") {
            try NIOSSLCertificate.fromPEMFile(files.certificate)
        }
        guard !chain.isEmpty else {
            throw HTTPServerError(.certificate, "\(files.certificate) holds no PEM certificate")
        }
        return chain
    }

    private static func makeContext(_ files: TLSFiles, _ chain: [NIOSSLCertificate]) throws -> NIOSSLContext {
        let key = try reading(files.key, "private key") { try NIOSSLPrivateKey(file: files.key, format: .pem) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw HTTPServerError(
                .certificate,
                "the private key in \(files.key) does not belong to the certificate in \(files.certificate)",
                cause: error
            )
        }
    }

    private static func reading<Value>(_ path: String, _ what: String, _ read: () throws -> Value) throws -> Value {
        switch FileStamp(path: path).access {
        case .readable:
            break
        case .missing:
            throw HTTPServerError(.certificate, "there is no file \(path) (\(what))")
        case .forbidden:
            throw HTTPServerError(.certificate, "\(path) (\(what)) may not be read by this user")
        }
        do {
            return try read()
        } catch {
            throw HTTPServerError(.certificate, "\(path) holds no PEM \(what)", cause: error)
        }
    }
}
