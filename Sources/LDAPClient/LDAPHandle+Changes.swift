import CLDAP
import Glibc

extension LDAPHandle {
    /// Sends a change (ldap_passwd(3), ldap_modify_ext(3)).
    func send(_ change: LDAPChange, controls: [LDAPControl]) -> SendOutcome {
        switch change {
        case .password(let user, let old, let new):
            return sendPasswordModify(user: user.map { Array($0.utf8) }, old: old, new: new, controls: controls)
        case .modify(let dn, let modifications):
            return sendModify(dn, modifications, controls: controls)
        }
    }

    private func sendPasswordModify(
        user: [UInt8]?,
        old: (any LDAPCredential)?,
        new: any LDAPCredential,
        controls: [LDAPControl]
    ) -> SendOutcome {
        unsafe Self.lend(user) { user in
            unsafe Self.lend(old) { old in
                unsafe Self.lend(new) { new in
                    unsafe controls.withLDAPControls { controls in
                        var messageID: Int32 = -1
                        let code = unsafe ldap_passwd(pointer, user, old, new, controls, nil, &messageID)
                        return outcome(code, messageID)
                    }
                }
            }
        }
    }

    private func sendModify(
        _ dn: String,
        _ modifications: [LDAPChange.Modification],
        controls: [LDAPControl]
    ) -> SendOutcome {
        let steps = unsafe modifications.map { unsafe ModificationStep($0) }
        defer { for index in unsafe steps.indices { unsafe steps[index].free() } }
        var pointers = unsafe steps.map { unsafe $0.pointer as UnsafeMutablePointer<ldapmod>? } + [nil]
        return unsafe pointers.withUnsafeMutableBufferPointer { pointers in
            unsafe controls.withLDAPControls { controls in
                var messageID: Int32 = -1
                let code = unsafe ldap_modify_ext(pointer, dn, pointers.baseAddress, controls, nil, &messageID)
                return outcome(code, messageID)
            }
        }
    }

    /// Lends a value as libldap takes it; NULL for none.
    private static func lend<Value>(
        _ credential: (any LDAPCredential)?,
        _ body: (UnsafeMutablePointer<berval>?) -> Value
    ) -> Value {
        guard let credential else { return body(nil) }
        return unsafe credential.withUnsafeBytes { octets in
            var value = unsafe berval(
                bv_len: ber_len_t(octets.count),
                bv_val: UnsafeMutableRawPointer(mutating: octets.baseAddress)?.assumingMemoryBound(to: CChar.self)
            )
            return unsafe body(&value)
        }
    }

    private static func lend<Value>(_ text: [UInt8]?, _ body: (UnsafeMutablePointer<berval>?) -> Value) -> Value {
        guard var text else { return body(nil) }
        return unsafe text.withUnsafeMutableBytes { octets in
            var value = unsafe berval(
                bv_len: ber_len_t(octets.count),
                bv_val: octets.baseAddress?.assumingMemoryBound(to: CChar.self)
            )
            return unsafe body(&value)
        }
    }
}

/// An LDAPMod (ldap_modify_ext(3)) with copies of its values, which are wiped when it is freed.
@unsafe private struct ModificationStep {
    let pointer: UnsafeMutablePointer<ldapmod>
    private let values: UnsafeMutablePointer<UnsafeMutablePointer<berval>?>
    private let count: Int

    init(_ modification: LDAPChange.Modification) {
        unsafe count = modification.values.count
        unsafe values = .allocate(capacity: count + 1)
        unsafe pointer = .allocate(capacity: 1)
        for (index, value) in modification.values.enumerated() {
            let copy = UnsafeMutablePointer<berval>.allocate(capacity: 1)
            unsafe value.withUnsafeBytes { octets in
                let room = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, octets.count), alignment: 1)
                unsafe room.copyMemory(from: octets)
                unsafe copy.initialize(
                    to: berval(
                        bv_len: ber_len_t(octets.count),
                        bv_val: room.baseAddress?.assumingMemoryBound(to: CChar.self)
                    )
                )
            }
            unsafe (values + index).initialize(to: copy)
        }
        unsafe (values + count).initialize(to: nil)
        let operation: Int32 =
            switch modification.operation {
            case .add: LDAP_MOD_ADD
            case .delete: LDAP_MOD_DELETE
            case .replace: LDAP_MOD_REPLACE
            }
        var content = unsafe mod_vals_u()
        // NULL with delete means every value.
        unsafe content.modv_bvals = count == 0 ? nil : values
        unsafe pointer.initialize(
            to: ldapmod(
                mod_op: operation | LDAP_MOD_BVALUES,
                mod_type: strdup(modification.attribute),
                mod_vals: content
            )
        )
    }

    func free() {
        for index in unsafe 0..<count {
            guard let value = unsafe values[index] else { continue }
            if let octets = unsafe value.pointee.bv_val {
                // Seen by nobody afterwards, so a plain write could be left out (explicit_bzero(3)).
                unsafe explicit_bzero(octets, Int(value.pointee.bv_len))
                unsafe octets.deallocate()
            }
            unsafe value.deallocate()
        }
        unsafe Glibc.free(pointer.pointee.mod_type)
        unsafe values.deallocate()
        unsafe pointer.deallocate()
    }
}
