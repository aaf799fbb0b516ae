import CLDAP
import Glibc

// What libldap takes and gives in its own shapes.

extension [String] {
    /// Lends the strings as a NULL-terminated array; NULL for an empty one.
    func withCStrings<Value>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Value) -> Value {
        guard !isEmpty else { return body(nil) }
        var pointers = unsafe map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe pointers.indices { unsafe free(pointers[index]) }
        }
        return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
    }
}

extension [LDAPControl] {
    /// Lends the controls as libldap wants them, a NULL-terminated array of pointers; NULL for none.
    func withLDAPControls<Value>(
        _ body: (UnsafeMutablePointer<UnsafeMutablePointer<ldapcontrol>?>?) -> Value
    ) -> Value {
        guard !isEmpty else { return body(nil) }
        let storage = UnsafeMutablePointer<ldapcontrol>.allocate(capacity: count)
        for (index, control) in enumerated() {
            var value = unsafe berval()
            if let octets = control.value {
                // libldap takes a NULL pointer for "no value": an empty value needs one too.
                let copy = UnsafeMutablePointer<CChar>.allocate(capacity: Swift.max(1, octets.count))
                for (offset, octet) in octets.enumerated() { unsafe copy[offset] = CChar(bitPattern: octet) }
                unsafe value = berval(bv_len: ber_len_t(octets.count), bv_val: copy)
            }
            unsafe (storage + index).initialize(
                to: ldapcontrol(
                    ldctl_oid: strdup(control.oid),
                    ldctl_value: value,
                    ldctl_iscritical: control.isCritical ? 1 : 0
                )
            )
        }
        defer {
            for index in indices {
                unsafe free(storage[index].ldctl_oid)
                unsafe storage[index].ldctl_value.bv_val?.deallocate()
            }
            unsafe storage.deallocate()
        }
        var pointers = unsafe (0...count).map { unsafe $0 < count ? storage + $0 : nil }
        return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress) }
    }
}

extension berval {
    /// A copy of the octets.
    var octets: [UInt8] {
        guard let start = unsafe bv_val else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(bv_len)))
    }

    /// A copy as text; what is no UTF-8 is replaced.
    var text: String {
        guard let start = unsafe bv_val else { return "" }
        return unsafe String(decoding: UnsafeRawBufferPointer(start: start, count: Int(bv_len)), as: UTF8.self)
    }
}
