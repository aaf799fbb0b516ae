/// `[throttle]` of the configuration: how many failures make an account or an address wait, and for how long.
public struct ThrottleSettings: Sendable, Hashable {
    /// Consecutive failures of one account within `accountWindow` after which it waits; 0 means never.
    public var accountFailures: Int

    /// Failures of an account older than this count no more; 0 means that no account waits.
    public var accountWindow: Duration

    /// The first wait of an account; each further failure doubles it. 0 means that no account waits.
    public var lockout: Duration

    /// The longest wait of an account; 0 means that no account waits.
    public var lockoutMax: Duration

    /// Failures of one address (IPv6: one /64) within `addressWindow` after which it waits; 0 means never.
    public var addressFailures: Int

    /// Failures of an address older than this count no more; 0 means that no address waits.
    public var addressWindow: Duration

    /// Networks that never wait as an address.
    public var addressExempt: [AddressRange]

    /// For so long a wrong password is refused again without asking the directory; 0 means that it is always asked.
    public var repeatMemory: Duration

    /// The defaults of the configuration.
    public init(
        accountFailures: Int = 5,
        accountWindow: Duration = .seconds(15 * 60),
        lockout: Duration = .seconds(30),
        lockoutMax: Duration = .seconds(15 * 60),
        addressFailures: Int = 50,
        addressWindow: Duration = .seconds(5 * 60),
        addressExempt: [AddressRange] = [],
        repeatMemory: Duration = .seconds(60)
    ) {
        self.accountFailures = accountFailures
        self.accountWindow = accountWindow
        self.lockout = lockout
        self.lockoutMax = lockoutMax
        self.addressFailures = addressFailures
        self.addressWindow = addressWindow
        self.addressExempt = addressExempt
        self.repeatMemory = repeatMemory
    }

    /// Nobody ever waits.
    public static let off = ThrottleSettings(accountFailures: 0, addressFailures: 0, repeatMemory: .zero)

    /// True when accounts may have to wait.
    public var limitsAccounts: Bool {
        accountFailures > 0 && accountWindow > .zero && lockout > .zero && lockoutMax > .zero
    }

    /// True when addresses may have to wait.
    public var limitsAddresses: Bool { addressFailures > 0 && addressWindow > .zero }

    /// True when there is anything to count.
    public var isOn: Bool { limitsAccounts || limitsAddresses || repeatMemory > .zero }

    /// The rule for accounts.
    var account: ThrottleLimit {
        ThrottleLimit(failures: accountFailures, window: accountWindow, lockout: lockout, lockoutMax: lockoutMax)
    }

    /// The rule for addresses: they wait until the window has room again.
    var address: ThrottleLimit { ThrottleLimit(failures: addressFailures, window: addressWindow) }
}
