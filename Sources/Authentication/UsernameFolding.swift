// Foundation for one thing only: normalisation (NFC) is neither in the standard library's public interface nor in
// FoundationEssentials. GRDB links it into the program anyway.
internal import Foundation

/// How names are compared: outer blanks off, NFC, Unicode full case folding, NFC again.
///
/// Full case folding is locale-free: `ß` equals `ss`, final sigma equals sigma, and the dotless `ı` stays apart from `i`.
public enum UsernameFolding {
    /// The form of `name` that is compared and kept as the unique key.
    ///
    /// The same for good as long as `name` holds assigned characters only: the Unicode stability policy freezes both
    /// normalisation and case folding for those (`AccountFields` refuses the others).
    public static func fold(_ name: String) -> String {
        let trimmed = trimmingBlanks(name)
        if trimmed.utf8.allSatisfy({ $0 < 0x80 }) {
            return String(decoding: trimmed.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }, as: UTF8.self)
        }
        var folded = ""
        for scalar in String(trimmed).precomposedStringWithCanonicalMapping.unicodeScalars {
            append(scalar, foldedTo: &folded)
        }
        return folded.precomposedStringWithCanonicalMapping
    }

    /// A form in which more spellings meet than directories take for one: also compatibility forms (NFKC: full-width letters,
    /// ligatures) and any number of blanks between words; what cannot be seen is left out.
    ///
    /// For counting guesses only, where two people in one count are better than one person in many.
    static func loose(_ name: String) -> String {
        var result = fold(name)
        if !result.utf8.allSatisfy({ $0 < 0x80 }) {
            let scalars = result.precomposedStringWithCompatibilityMapping.unicodeScalars
            result = fold(
                String(String.UnicodeScalarView(scalars.filter { !$0.properties.isDefaultIgnorableCodePoint }))
            )
        }
        guard result.unicodeScalars.contains(where: isBlank) else { return result }
        return result.unicodeScalars.split(whereSeparator: isBlank).map { String($0) }.joined(separator: " ")
    }

    /// `text` without leading and trailing white space (the Unicode property White_Space).
    public static func trimmingBlanks(_ text: String) -> Substring {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "" }
        return Substring(scalars[first...last])
    }

    /// The Unicode property White_Space, without a look into its table for ASCII.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar == " " || 0x09...0x0D ~= scalar.value : scalar.properties.isWhitespace
    }

    /// Case folding (statuses C and F of CaseFolding.txt) put together from the mappings the standard library has:
    /// what changes at all goes to lower, upper and lower case again.
    ///
    /// Compared with the table of Unicode 14 for every assigned character (Unicode §5.18.4): no difference. Cherokee is
    /// the one script that folds to upper case, because its small letters came later.
    private static func append(_ scalar: Unicode.Scalar, foldedTo result: inout String) {
        let properties = scalar.properties
        guard properties.changesWhenCaseFolded else {
            result.unicodeScalars.append(scalar)
            return
        }
        switch scalar.value {
        case 0x13F8...0x13FD, 0xAB70...0xABBF:
            result += properties.uppercaseMapping
        default:
            for lower in properties.lowercaseMapping.unicodeScalars {
                for upper in lower.properties.uppercaseMapping.unicodeScalars {
                    result += upper.properties.lowercaseMapping
                }
            }
        }
    }
}
