internal import Authentication

extension AuditEvent {
    /// True for what was not granted; a change of a password has one kind for both, told apart by the reason.
    var isRefusal: Bool { kind.isRefusal || isPasswordKept }

    /// What happened, for people.
    var sentence: String { isPasswordKept ? "password not changed" : kind.sentence }

    private var isPasswordKept: Bool { kind == .password && reason != nil }
}

extension AuditEvent.Kind {
    /// True for what was not granted.
    var isRefusal: Bool {
        switch self {
        case .loginRefused, .refreshRefused, .throttle: true
        case .login, .refresh, .revoke, .logout, .password, .administration: false
        }
    }

    /// What happened, for people.
    var sentence: String {
        switch self {
        case .login: "login"
        case .loginRefused: "login refused"
        case .refresh: "session refreshed"
        case .refreshRefused: "refresh refused"
        case .revoke: "session revoked"
        case .logout: "logged out"
        case .password: "password changed"
        case .throttle: "made to wait"
        case .administration: "administrator's command"
        }
    }

    /// MESSAGE_ID: a number of 128 bits for each kind, the same for good, for `journalctl MESSAGE_ID=…` and catalogues
    /// (systemd.journal-fields(7)).
    var messageID: String {
        switch self {
        case .login: "39952cba3f9f4da593505dab44fdf2fb"
        case .loginRefused: "c3ed1cbf952748cf9d529b3d6e0c4ebf"
        case .refresh: "c699fa1406c244aeb87cf9f6b259c197"
        case .refreshRefused: "730894957b7d4345a1df5f0a53fcecee"
        case .revoke: "b1281039765e468d856eb29add69a7a3"
        case .logout: "a2c0dc26505a424db3fab206af111a7e"
        case .password: "7cae34e2ff9644e2a5ba9cf614eeb000"
        case .throttle: "6de66d07c6044281a227de793a27b210"
        case .administration: "86f98638a2674fd3a11b9fbab4604e53"
        }
    }
}
