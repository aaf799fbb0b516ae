/// Shell patterns with `*` (any run, also none) and `?` (any one character); everything else stands for itself.
enum Glob {
    /// True when the whole of `text` matches. Takes at most `text.count * pattern.count` steps, whatever the pattern.
    static func matches(_ text: String, pattern: String) -> Bool {
        let text = Array(text)
        let pattern = Array(pattern)
        var position = 0
        var index = 0
        // Where the last star stood, and how much of the text it has been given.
        var star: (index: Int, position: Int)?
        while position < text.count {
            if index < pattern.count, pattern[index] == "*" {
                star = (index, position)
                index += 1
            } else if index < pattern.count, pattern[index] == "?" || pattern[index] == text[position] {
                index += 1
                position += 1
            } else if let last = star {
                star = (last.index, last.position + 1)
                index = last.index + 1
                position = last.position + 1
            } else {
                return false
            }
        }
        return pattern[index...].allSatisfy { $0 == "*" }
    }
}
