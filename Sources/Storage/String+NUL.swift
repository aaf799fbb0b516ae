extension String {
    /// True when there is a NUL in the text, which neither database takes.
    var containsNUL: Bool {
        var text = self
        return text.withUTF8 { $0.contains(0) }
    }
}
