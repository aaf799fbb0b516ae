import Authentication
import Storage
import Testing

@Suite("storage.url")
struct StorageURLTests {
    @Test(
        "What it says",
        arguments: [
            ("sqlite:/var/lib/x.db", StorageURL.sqlite(path: "/var/lib/x.db")),
            ("sqlite:///var/lib/x.db", .sqlite(path: "/var/lib/x.db")),
            ("sqlite:data/x.db", .sqlite(path: "/etc/ldapauthd/data/x.db")),
            ("sqlite::memory:", .sqliteMemory),
        ]
    )
    func read(_ text: String, _ url: StorageURL) throws {
        #expect(try StorageURL(text).resolved(relativeTo: "/etc/ldapauthd") == url)
        #expect(try StorageURL(text).resolved(relativeTo: "/etc/ldapauthd/") == url)
    }

    @Test(
        "What it refuses",
        arguments: [
            ("postgresql://u:PASSWORD@h/db?no=such", "cannot be read"),
            ("postgres:PASSWORD", "cannot be read"), ("mysql:x", "no storage known"), ("", "no storage known"),
            ("sqlite:", "names no file"), ("sqlite::other:", "names no file"), ("/var/lib/x.db", "no storage known"),
        ]
    )
    func refuse(_ text: String, _ sentence: String) {
        do {
            _ = try StorageURL(text)
            Issue.record("read")
        } catch {
            #expect(error.code == .unusable)
            #expect(error.detail.contains(sentence))
            #expect(!error.detail.contains("PASSWORD"))
        }
    }

    @Test(
        "PostgreSQL's never tells its password",
        arguments: ["postgresql://u:PASSWORD@a,b:5433/db?sslmode=require", "postgres://a,b:5433/db?password=PASSWORD"]
    )
    func postgresql(_ text: String) throws {
        guard case .postgresql(let url) = try StorageURL(text) else { return #expect(Bool(false)) }
        #expect("\(url)".hasSuffix("://a,b:5433/db"))
        #expect(!"\(url)".contains("PASSWORD"))
    }
}
