import Authentication
import Tokens

/// Lets the throttle forget which passwords of a person were refused when a command or another node may have changed the
/// password: what was wrong a moment ago may be the right one now.
struct RefusedPasswords: ChangeObserver {
    let throttle: Throttle

    func changed(_ change: ObservedChange) {
        guard case .person(let key) = change else { return }
        throttle.passwordChanged(of: key)
    }
}
