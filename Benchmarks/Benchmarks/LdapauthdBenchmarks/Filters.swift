internal import LDAPClient

/// From a name to the text of a search filter, as for every login whose DN is not known.
let filterBenchmarks = [
    Benchmark("build-filter") { try building(name: "user000001") },
    // A name that has to be escaped goes through libldap.
    Benchmark("build-filter-escaped") { try building(name: "müller (süd)*") },
    Benchmark("parse-dn") {
        let text = opaque("cn=Smith\\, James K.,ou=people,dc=corp,dc=example")
        return { keep(try DistinguishedName(text)) }
    },
]

private func building(name: String) throws -> () -> Void {
    let template = try LDAPFilter(parsing: "(&(objectClass=person)(uid={username}))")
    let placeholder = Array("{username}".utf8)
    let name = opaque(name)
    return {
        let filter = template.mapValues { $0 == placeholder ? Array(name.utf8) : $0 }
        keep(filter.description)
    }
}
