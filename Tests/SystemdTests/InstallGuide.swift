import TestSupport

/// docs/install.md as a new user reads it: what is to be typed, and what is to be written into the configuration.
struct InstallGuide {
    /// A block of code.
    struct Block {
        /// The heading it stands below, as `3. Your directory`.
        var section: String
        /// As the fence names it; empty for lines to be typed.
        var language: String
        var text: String

        /// Lines for a shell, indented or fenced.
        var isTyped: Bool { ["", "sh", "bash", "shell", "console"].contains(language) }
    }

    let blocks: [Block]

    init() {
        self.init(text(ofFile: "\(MachineImage.repository)/docs/install.md"))
    }

    init(_ markdown: String) {
        var blocks: [Block] = []
        var section = ""
        var fenced: Block?
        var indented = ""
        var wasBlank = true
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            if var block = fenced {
                if line.hasPrefix("```") {
                    blocks.append(block)
                    fenced = nil
                } else {
                    block.text += line + "\n"
                    fenced = block
                }
                continue
            }
            if line.hasPrefix("    "), wasBlank || !indented.isEmpty {
                indented += line.dropFirst(4) + "\n"
                continue
            }
            if !indented.isEmpty { blocks.append(Block(section: section, language: "", text: indented)) }
            indented = ""
            wasBlank = line.allSatisfy(\.isWhitespace)
            if line.hasPrefix("```") {
                fenced = Block(section: section, language: String(line.dropFirst(3)), text: "")
            } else if line.hasPrefix("## ") {
                section = String(line.dropFirst(3))
            }
        }
        self.blocks = blocks
    }

    /// The blocks of the numbered sections, which lead from the package to a token; not the answers shown.
    var path: [Block] { blocks.filter { $0.section.first?.isNumber == true && !$0.text.hasPrefix("{") } }

    /// A configuration with a block of the guide written into it: keys without a section go where the guide's words put them,
    /// below `[authentication]`, and tables to the end.
    static func edited(_ configuration: String, with block: String) -> String {
        guard !block.hasPrefix("[") else { return configuration + "\n" + block }
        var lines = configuration.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for setting in block.split(separator: "\n") {
            let key = setting.prefix { $0 != " " && $0 != "=" }
            let start = (lines.firstIndex(of: "[authentication]") ?? lines.count - 1) + 1
            let end = lines[start...].firstIndex { $0.hasPrefix("[") } ?? lines.count
            let old = lines[start..<end].firstIndex { line in
                line.drop { $0 == "#" || $0 == " " }.hasPrefix("\(key) =")
            }
            if let old { lines[old] = String(setting) } else { lines.insert(String(setting), at: start) }
        }
        return lines.joined(separator: "\n")
    }
}
