import Negotiate
import TestSupport
import Testing

/// Tickets of a real KDC, good ones and every kind of bad one. The acceptor needs no krb5.conf of its own.
@Suite struct AcceptorTests {
    typealias Mechanism = NegotiateToken.Mechanism

    private static func acceptor(
        _ keytab: String,
        _ folder: TemporaryDirectory,
        _ binding: ChannelBindingPolicy = .allow,
        service: String = "HTTP"
    ) -> NegotiateAcceptor {
        NegotiateAcceptor(
            NegotiateAcceptor.Settings(
                keytab: keytab,
                service: service,
                replayCache: folder.path(of: "rcache"),
                channelBinding: binding
            )
        )
    }

    private func code(
        _ acceptor: NegotiateAcceptor,
        _ token: [UInt8],
        endPoint: [UInt8]? = nil
    ) -> NegotiateError.Code? {
        do throws(NegotiateError) {
            _ = try acceptor.accept(token, endPoint: endPoint)
            return nil
        } catch {
            #expect(!error.message.isEmpty && error.message != "Unknown error")
            return error.code
        }
    }

    @Test(arguments: Mechanism.allCases)
    func aTicketIsGoodOnce(mechanism: Mechanism) async throws {
        let kdc = try await MITKerberos.start(people: ["alice": "pw"], services: ["HTTP/localhost", "host/localhost"])
        let folder = try TemporaryDirectory()
        let keytab = try await kdc.keytab(["HTTP/localhost", "host/localhost"])
        let client = kdc.environment(cache: try await kdc.login("alice", "pw"))
        let acceptor = Self.acceptor(keytab, folder)
        let token = try await NegotiateToken.make(mechanism, environment: client)
        let context = try acceptor.accept(token, endPoint: nil)
        #expect(context.principal.description == "alice@EXAMPLE.ORG")
        #expect(context.reply?.isEmpty == false, "mutual authentication was asked for")
        #expect(!context.isBound)
        #expect(code(acceptor, token) == .replay)
        #expect(code(Self.acceptor(keytab, folder), token) == .replay, "the cache is on disk")

        await kdc.stop()
        let other = try await NegotiateToken.make(mechanism, environment: client)
        #expect(throws: Never.self, "tickets verify without the KDC") { try acceptor.accept(other, endPoint: nil) }
        try await kdc.restart()

        let host = try await NegotiateToken.make(mechanism, service: "host@localhost", environment: client)
        #expect(code(acceptor, host) == .otherService, "its key is in the keytab, but it is not for this service")
        for length in [1, 20, 100, token.count / 2, token.count - 1] {
            #expect(code(acceptor, Array(token[..<length])) == .malformedToken)
        }
        var altered = try await NegotiateToken.make(mechanism, environment: client)
        altered[altered.count - 20] ^= 1
        #expect(code(acceptor, altered) != nil)
        await kdc.stop()
    }

    @Test(arguments: Mechanism.allCases)
    func keysThatDoNotFitAreToldApart(mechanism: Mechanism) async throws {
        let kdc = try await MITKerberos.start(people: ["alice": "pw"], services: ["HTTP/localhost", "HTTP/other"])
        let folder = try TemporaryDirectory()
        let path = folder.path(of: "http.keytab")
        #expect(code(Self.acceptor(path, folder), try await token(kdc, mechanism)) == .keytab, "missing")
        try await kdc.keytab(["HTTP/other"], to: path)
        let acceptor = Self.acceptor(path, folder)
        #expect(code(acceptor, try await token(kdc, mechanism)) == .otherService)
        #expect(code(Self.acceptor(path, folder, service: "ldap"), try await token(kdc, mechanism)) == .keytab)
        try await kdc.keytab(["HTTP/localhost"], to: path)
        #expect(code(acceptor, try await token(kdc, mechanism)) == nil, "the keytab is read again when it changes")
        try await kdc.changeKey(of: "HTTP/localhost")
        let newer = try await token(kdc, mechanism)
        #expect(code(acceptor, newer) == .wrongKeyVersion)
        try folder.write([5, 2, 0, 0], to: "http.keytab")
        #expect(code(acceptor, newer) == .keytab, "no key is left in it")
        let unwritable = NegotiateAcceptor(
            NegotiateAcceptor.Settings(
                keytab: try await kdc.keytab(),
                service: "HTTP",
                replayCache: "/nonexistent/folder/rcache",
                channelBinding: .allow
            )
        )
        #expect(code(unwritable, try await token(kdc, mechanism)) == .replayCache)
        await kdc.stop()
    }

    @Test(arguments: Mechanism.allCases)
    func ticketsAreBoundToTheConnection(mechanism: Mechanism) async throws {
        let kdc = try await MITKerberos.start(people: ["alice": "pw"])
        let folder = try TemporaryDirectory()
        let keytab = try await kdc.keytab()
        let right = [UInt8](repeating: 7, count: 32)
        let wrong = [UInt8](repeating: 8, count: 32)
        // What the client sends, what the connection is, and the code for none, allow and require.
        let rows:
            [(sent: [UInt8]?, is: [UInt8]?, none: NegotiateError.Code?, NegotiateError.Code?, NegotiateError.Code?)] = [
                (right, right, nil, nil, nil),
                (wrong, right, nil, .channelBindingMismatch, .channelBindingMismatch),
                (nil, right, nil, nil, .channelBindingMissing),
                (right, nil, nil, nil, .channelBindingMissing),
                (nil, nil, nil, nil, .channelBindingMissing),
            ]
        for row in rows {
            for (policy, expected) in zip(ChannelBindingPolicy.allCases, [row.none, row.3, row.4]) {
                let token = try await token(kdc, mechanism, endPoint: row.sent)
                let answer = code(Self.acceptor(keytab, folder, policy), token, endPoint: row.is)
                #expect(answer == expected, "\(policy): sent \(row.sent?.first ?? 0), is \(row.is?.first ?? 0)")
            }
        }
        let context = try Self.acceptor(keytab, folder, .require).accept(
            try await token(kdc, mechanism, endPoint: right),
            endPoint: right
        )
        #expect(context.isBound)
        await kdc.stop()
    }

    @Test func theKeytabIsExplained() async throws {
        let kdc = try await MITKerberos.start(services: ["HTTP/localhost", "HTTP/www.example.org"])
        let path = try await kdc.keytab(["HTTP/localhost", "HTTP/www.example.org"])
        let keytab = Keytab(path: path)
        let entries = try keytab.entries()
        #expect(
            Set(entries.map(\.principal)) == ["HTTP/localhost@EXAMPLE.ORG", "HTTP/www.example.org@EXAMPLE.ORG"]
        )
        #expect(entries.allSatisfy { $0.version == 1 && $0.encryption.contains("aes") })
        #expect(throws: NegotiateError.self) { try Keytab(path: "/nonexistent").entries() }
        let folder = try TemporaryDirectory()
        let nonsense = try folder.write("no keytab at all", to: "nonsense")
        #expect(throws: NegotiateError.self) { try Keytab(path: nonsense).entries() }
        await kdc.stop()
    }

    @Test func manyThreadsShareOneAcceptor() async throws {
        let kdc = try await MITKerberos.start(people: ["alice": "pw"])
        let folder = try TemporaryDirectory()
        let acceptor = Self.acceptor(try await kdc.keytab(), folder)
        let client = kdc.environment(cache: try await kdc.login("alice", "pw"))
        var tokens: [[UInt8]] = []
        for _ in 0..<6 { tokens.append(try await NegotiateToken.make(.spnego, environment: client)) }
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for token in tokens + tokens + tokens {
                group.addTask { (try? acceptor.accept(token, endPoint: nil)) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(accepted == tokens.count, "each token once, whoever came first")
        await kdc.stop()
    }

    private func token(
        _ kdc: MITKerberos,
        _ mechanism: Mechanism,
        endPoint: [UInt8]? = nil
    ) async throws -> [UInt8] {
        let cache = try await kdc.login("alice", "pw")
        return try await NegotiateToken.make(mechanism, endPoint: endPoint, environment: kdc.environment(cache: cache))
    }
}
