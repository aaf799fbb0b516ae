import FoundationEssentials

/// Lists of names in one text column, as a JSON array: both databases can look into it, and any name fits.
enum TextList {
    static func encode(_ names: [String]) -> String {
        guard !names.isEmpty, let data = try? JSONEncoder().encode(names) else { return "[]" }
        return String(decoding: data, as: UTF8.self)
    }

    static func decode(_ text: String) -> [String] {
        guard text != "[]" else { return [] }
        return (try? JSONDecoder().decode([String].self, from: Data(text.utf8))) ?? []
    }
}
