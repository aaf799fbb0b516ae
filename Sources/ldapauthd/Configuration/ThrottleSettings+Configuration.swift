import Authentication

extension ThrottleSettings {
    /// Reads `[throttle]`; 0 and "0s" switch a limit off.
    static func read(_ table: ConfigurationTable) -> ThrottleSettings {
        let standard = ThrottleSettings()
        let window: ClosedRange<Duration> = .zero...(.seconds(86400))
        let result = ThrottleSettings(
            accountFailures: table.integer("account_failures", in: 0...1000, default: standard.accountFailures),
            accountWindow: table.duration("account_window", in: window, default: standard.accountWindow),
            lockout: table.duration("lockout", in: window, default: standard.lockout),
            lockoutMax: table.duration("lockout_max", in: window, default: standard.lockoutMax),
            addressFailures: table.integer("address_failures", in: 0...10_000, default: standard.addressFailures),
            addressWindow: table.duration("address_window", in: window, default: standard.addressWindow),
            addressExempt: table.strings("address_exempt").compactMap { text in
                if let range = AddressRange(text) { return range }
                table.refuse("address_exempt", "“\(text)” is neither an address nor a CIDR such as 10.0.0.0/8")
                return nil
            },
            repeatMemory: table.duration("repeat_memory", in: .zero...(.seconds(3600)), default: standard.repeatMemory)
        )
        table.refuseUnknownKeys()
        return result
    }
}

extension ConfigurationChecks {
    /// Limits that would not limit, or the wrong ones.
    func checkThrottle(_ throttle: ThrottleSettings) {
        let spell: (Duration) -> String = { ConfigurationUnits.spell($0) }
        if throttle.limitsAccounts, throttle.lockoutMax < throttle.lockout {
            root.refuse(
                "throttle.lockout_max",
                "\(spell(throttle.lockoutMax)) is shorter than the first wait, lockout, which is \(spell(throttle.lockout))"
            )
        }
        let short = Duration.milliseconds(100)
        for (key, value) in [
            ("account_window", throttle.accountWindow), ("lockout", throttle.lockout),
            ("address_window", throttle.addressWindow),
        ] where value > .zero && value < short {
            root.refuse("throttle.\(key)", "\(spell(value)) protects from nothing: at least 100ms, or \"0s\" for none")
        }
        if throttle.limitsAccounts, throttle.limitsAddresses, throttle.addressFailures < throttle.accountFailures {
            root.refuse(
                "throttle.address_failures",
                "\(throttle.addressFailures) is less than account_failures (\(throttle.accountFailures)): one person's typing "
                    + "errors would make everybody at the address wait"
            )
        }
    }
}
