extension SampleDirectory {
    static let allPeople: [Person] = [
        Person(
            uid: "alice",
            rdn: "uid=alice",
            givenName: "Alice",
            surname: "Anderson",
            displayName: "Alice Anderson",
            mail: "alice@example.org",
            uidNumber: 10_001,
            password: "alice-secret"
        ),
        Person(
            uid: "bob",
            rdn: "uid=bob",
            givenName: "Bob",
            surname: "Brown",
            displayName: "Bob Brown",
            mail: "bob@example.org",
            uidNumber: 10_002,
            password: "bob-secret"
        ),
        Person(
            uid: "carol",
            rdn: "uid=carol",
            givenName: nil,
            surname: "Clark",
            displayName: "Carol Clark",
            mail: nil,
            uidNumber: 10_003,
            password: "carol secret, with spaces & + % \" signs"
        ),
        Person(
            uid: "jürgen",
            rdn: "uid=jürgen",
            givenName: "Jürgen",
            surname: "Müller-Lüdenscheidt",
            displayName: "Jürgen Müller-Lüdenscheidt",
            mail: "juergen@example.org",
            uidNumber: 10_004,
            password: "pässwörd-ÄÖÜ-ß"
        ),
        Person(
            uid: "ada",
            rdn: #"cn=Lovelace\, Ada"#,
            givenName: "Ada",
            surname: "Lovelace",
            displayName: "Lovelace, Ada",
            mail: "ada@example.org",
            uidNumber: 10_005,
            password: "ada-secret"
        ),
        Person(
            uid: "小林",
            rdn: "uid=小林",
            givenName: "花子",
            surname: "小林",
            displayName: "小林 花子",
            mail: "kobayashi@example.org",
            uidNumber: 10_006,
            password: "秘密の言葉"
        ),
        Person(
            uid: "fox🦊",
            rdn: "uid=fox🦊",
            givenName: "Felix 🦊",
            surname: "Fuchs",
            displayName: "Felix 🦊 Fuchs",
            mail: "fox@example.org",
            uidNumber: 10_007,
            password: "🦊-secret"
        ),
        Person(
            uid: #"st*r(x)\y"#,
            rdn: #"uid=st*r(x)\\y"#,
            givenName: "Star",
            surname: #"O'Neil <"x">;#"#,
            displayName: "Star & <Special>",
            mail: "star@example.org",
            uidNumber: 10_008,
            password: #"*()\"#
        ),
        Person(
            uid: "plus+eq=#",
            rdn: #"uid=plus\+eq=#"#,
            givenName: "Plus",
            surname: "Equal",
            displayName: "Plus Equal",
            mail: "plus@example.org",
            uidNumber: 10_009,
            password: "plus+eq=secret"
        ),
        Person(
            uid: "strauß",
            rdn: "uid=strauß",
            givenName: "Franz",
            surname: "Strauß",
            displayName: "Franz Strauß",
            mail: "strauss@example.org",
            uidNumber: 10_010,
            password: "strauss-secret"
        ),
        Person(
            uid: "Erin",
            rdn: "uid=Erin",
            givenName: "Erin",
            surname: "Evans",
            displayName: "Erin Evans",
            mail: "Erin.Evans@example.org",
            uidNumber: 10_011,
            password: "Erin-Secret"
        ),
        Person(
            uid: "twin",
            rdn: "uid=twin",
            givenName: "First",
            surname: "Twin",
            displayName: "First Twin",
            mail: "twin1@example.org",
            uidNumber: 10_012,
            password: "twin-one"
        ),
        Person(
            uid: "twin",
            rdn: "uid=twin",
            container: "ou=staff,ou=people",
            givenName: "Second",
            surname: "Twin",
            displayName: "Second Twin",
            mail: "twin2@example.org",
            uidNumber: 10_013,
            password: "twin-two"
        ),
        Person(
            uid: "dave",
            rdn: "uid=dave",
            container: "ou=staff,ou=people",
            givenName: "Dave",
            surname: "Deep",
            displayName: "Dave Deep",
            mail: "dave@example.org",
            uidNumber: 10_014,
            password: "dave-secret"
        ),
    ]

    /// developers ⊂ engineering ⊂ everyone; loop-a and loop-b hold each other; both are in engineering's reach.
    static let allGroups: [Group] = [
        Group(name: "developers", rdn: "cn=developers", people: ["alice", "jürgen", "小林", "fox🦊"]),
        Group(name: "engineering", rdn: "cn=engineering", people: ["bob"], subgroups: ["developers", "Comma, Group"]),
        Group(name: "everyone", rdn: "cn=everyone", people: ["carol"], subgroups: ["engineering"]),
        Group(name: "Comma, Group", rdn: #"cn=Comma\, Group"#, people: ["ada", "alice"]),
        Group(name: "Füchse 🦊", rdn: "cn=Füchse 🦊", people: ["fox🦊", #"st*r(x)\y"#]),
        Group(name: "loop-a", rdn: "cn=loop-a", people: ["bob"], subgroups: ["loop-b"]),
        Group(name: "loop-b", rdn: "cn=loop-b", people: ["dave"], subgroups: ["loop-a"]),
    ]

    static let unixGroups: [(name: String, number: Int, members: [String])] = [
        ("unix-admins", 20_001, ["alice", "bob"]),
        ("unix-users", 20_002, ["carol"]),
    ]

    /// The suffix's own entry.
    public var suffixLDIF: String {
        let value = suffix.split(separator: ",").first.flatMap { $0.split(separator: "=").last }.map(String.init) ?? "x"
        let kind = suffix.lowercased().hasPrefix("dc=") ? "dc" : "o"
        return """
            dn: \(suffix)
            objectClass: \(kind == "dc" ? "dcObject" : "top")
            objectClass: organization
            o: \(value)
            \(kind == "dc" ? "dc: \(value)\n" : "")

            """
    }

    /// The suffix, containers, the service account and people; each entry followed by an empty line.
    public var baseLDIF: String {
        var text = suffixLDIF
        for container in ["ou=people", "ou=staff,ou=people", "ou=groups"] {
            let name = container.split(separator: ",")[0].dropFirst(3)
            text += "dn: \(container),\(suffix)\nobjectClass: organizationalUnit\nou: \(name)\n\n"
        }
        text += """
            dn: cn=service,\(suffix)
            objectClass: organizationalRole
            objectClass: simpleSecurityObject
            cn: service
            userPassword: \(Self.servicePassword)


            """
        for person in people {
            var lines = [
                LDIF.line("dn", dn(of: person)),
                "objectClass: inetOrgPerson",
                "objectClass: posixAccount",
                LDIF.line("uid", person.uid),
                LDIF.line("cn", person.displayName),
                LDIF.line("sn", person.surname),
                LDIF.line("displayName", person.displayName),
                "uidNumber: \(person.uidNumber)",
                "gidNumber: 10000",
                "homeDirectory: /home/\(person.uidNumber)",
                LDIF.line("userPassword", person.password),
            ]
            if let givenName = person.givenName { lines.append(LDIF.line("givenName", givenName)) }
            if let mail = person.mail { lines.append(LDIF.line("mail", mail)) }
            text += lines.joined(separator: "\n") + "\n\n"
        }
        return text
    }

    /// Groups; each entry followed by an empty line.
    public var groupsLDIF: String {
        var text = ""
        for group in groups {
            var lines = [LDIF.line("dn", dn(of: group)), "objectClass: groupOfNames", LDIF.line("cn", group.name)]
            lines += group.people.map { LDIF.line("member", dn(of: $0)) }
            for name in group.subgroups {
                if let subgroup = groups.first(where: { $0.name == name }) {
                    lines.append(LDIF.line("member", dn(of: subgroup)))
                }
            }
            text += lines.joined(separator: "\n") + "\n\n"
        }
        for group in Self.unixGroups {
            text += "dn: cn=\(group.name),\(groupsBase)\nobjectClass: posixGroup\ncn: \(group.name)\n"
            text += "gidNumber: \(group.number)\n" + group.members.map { "memberUid: \($0)\n" }.joined() + "\n"
        }
        return text
    }
}
