import Authentication
import DirectoryAuth
import TestSupport
import Testing

/// What comes of a login or a refresh, in a word that reads well in a table.
enum Told: Sendable, Hashable {
    /// Let in; with a part of the warning in the audit line.
    case letIn(warning: String? = nil)
    /// Refused, and the caller may be told why.
    case told(Rejection.Reason)
    /// Refused, and only the audit log knows why.
    case hidden(Rejection.Reason)
    case unavailable

    init(_ result: AuthenticationResult) {
        switch result {
        case .authenticated(let identity): self = .letIn(warning: identity.notice)
        case .rejected(let rejection):
            self = rejection.passwordProved ? .told(rejection.reason) : .hidden(rejection.reason)
        case .unavailable: self = .unavailable
        }
    }

    func agrees(with wanted: Told) -> Bool {
        if case .letIn(let warning) = self, case .letIn(let part) = wanted {
            guard let part else { return warning == nil }
            return warning?.contains(part) == true
        }
        return self == wanted
    }
}

/// What becomes of a session that began before.
enum Refreshed: Sendable, Hashable {
    case goesOn
    case ends(Rejection.Reason)
    case passwordChanged
    case unavailable

    init(_ result: RecheckResult) {
        switch result {
        case .current: self = .goesOn
        case .ended(let rejection): self = .ends(rejection.reason)
        case .passwordChanged: self = .passwordChanged
        case .unavailable, .impossible: self = .unavailable
        }
    }
}

/// A state of an account on one kind of server.
struct AccountStateRow<Server: Sendable>: Sendable, CustomTestStringConvertible {
    /// Also the account's name.
    var name: String
    /// Brings the account into the state.
    var arrange: @Sendable (Server, String) async throws -> Void
    var right: Told
    var wrong = Told.hidden(.wrongPassword)
    /// Of a session that began while all was well.
    var refresh: Refreshed
    /// Of a session that begins in the state; nil where none can.
    var refreshOfNew: Refreshed?
    /// What a bind counts for: 0 for accounts that are not there.
    var binds = 1

    var testDescription: String { name }

    /// Makes the account, a session, and the state; then tries every password, and reads the server's count of binds.
    func run(
        _ live: CorporateDirectory,
        _ server: Server,
        password: String,
        count: @Sendable () async throws -> Int
    ) async throws {
        let before = try await live.identity(name, password)
        #expect(before.notice == nil)
        #expect(Refreshed(await live.recheck(before)) == .goesOn)
        try await arrange(server, name)
        let refreshed = await live.recheck(before)
        #expect(Refreshed(refreshed) == refresh, "\(refreshed)")
        if case .ended(let rejection) = refreshed { #expect(!rejection.detail.isEmpty && rejection.key == before.key) }

        var counted = try await count()
        func attempt(_ password: String, _ wanted: Told, binds: Int, _ what: String) async throws -> Identity? {
            let result = await live.login(name, password)
            #expect(Told(result).agrees(with: wanted), "\(what): \(result)")
            let now = try await count()
            #expect(now == counted + binds, "\(what): binds")
            counted = now
            if case .rejected(let rejection) = result {
                // Whoever reads the audit line learns what the server said and which one it was.
                #expect(binds == 0 || (rejection.host != nil && !rejection.detail.isEmpty), "\(what): \(rejection)")
                #expect(!rejection.detail.contains(password) || password.isEmpty)
            }
            if case .authenticated(let identity) = result { return identity }
            return nil
        }
        _ = try await attempt("", .hidden(.emptyPassword), binds: 0, "empty")
        _ = try await attempt("wrong-\(name)", wrong, binds: binds, "wrong")
        let new = try await attempt(password, right, binds: binds, "right")
        if let new, let refreshOfNew { #expect(Refreshed(await live.recheck(new)) == refreshOfNew) }
        _ = try await attempt("", .hidden(.emptyPassword), binds: 0, "empty again")
    }
}
