// swift-tools-version: 6.2

import PackageDescription

// One list of settings for every Swift target, so that no room has rules of its own.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

// The targets that face C mark every unsafe expression.
let facingC: [SwiftSetting] = settings + [.strictMemorySafety()]

// System libraries: a module map and, where Swift cannot import a macro, a shim.
func cLibrary(_ name: String, pkgConfig: String? = nil, debian: String) -> Target {
    .systemLibrary(
        name: name,
        path: "Sources/CLibraries/\(name)",
        pkgConfig: pkgConfig,
        providers: [.apt([debian])]
    )
}

let package = Package(
    name: "ldapauthd",
    products: [
        .executable(name: "ldapauthd", targets: ["ldapauthd"]),
        // Its public functions take an EventPoller and a BlockingPool.
        .library(name: "LDAPClient", targets: ["LDAPClient", "EventPoller"]),
        // For the benchmarks, which are a package of their own.
        .library(name: "LdapauthdRooms", targets: ["HTTPAPI", "Observability", "Storage", "Tokens", "Authentication"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.0"),
    ],
    targets: [
        // 1 C
        cLibrary("CLDAP", debian: "libldap2-dev"),
        cLibrary("CGSSAPI", debian: "libkrb5-dev"),
        cLibrary("CSodium", debian: "libsodium-dev"),
        cLibrary("CCrypt", debian: "libcrypt-dev"),
        cLibrary("CExpat", debian: "libexpat1-dev"),
        cLibrary("CSystemd", debian: "libsystemd-dev"),
        cLibrary("CLinux", debian: "libc6-dev"),
        cLibrary("CPostgres", pkgConfig: "libpq", debian: "libpq-dev"),

        // 2 libraries
        .target(name: "EventPoller", dependencies: ["CLinux"], swiftSettings: facingC),
        .target(
            name: "LDAPClient",
            dependencies: [
                "CLDAP", "CLinux", "EventPoller",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: facingC
        ),
        .target(
            name: "PostgresClient",
            dependencies: ["CPostgres", "EventPoller", .product(name: "Logging", package: "swift-log")],
            swiftSettings: facingC
        ),
        .target(name: "Negotiate", dependencies: ["CGSSAPI"], swiftSettings: facingC),

        // 3 rules
        .target(
            name: "Authentication",
            dependencies: [
                "CCrypt", "CSodium",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: facingC
        ),
        .target(
            name: "Tokens",
            dependencies: [
                "Authentication",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),

        // 4 adapters
        .target(
            name: "DirectoryAuth",
            dependencies: [
                "Authentication", "EventPoller", "LDAPClient", "Negotiate",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Storage",
            dependencies: [
                "Authentication", "EventPoller", "PostgresClient", "Tokens",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "HTTPAPI",
            dependencies: [
                "Authentication", "CExpat", "Tokens",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            swiftSettings: facingC
        ),
        .target(
            name: "Observability",
            dependencies: ["Authentication", "CSystemd", .product(name: "Logging", package: "swift-log")],
            swiftSettings: facingC
        ),

        // 5 program
        .executableTarget(
            name: "ldapauthd",
            dependencies: [
                "Authentication", "CLinux", "DirectoryAuth", "EventPoller", "HTTPAPI", "LDAPClient", "Negotiate",
                "Observability", "Storage", "Tokens",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "TOMLKit", package: "TOMLKit"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: facingC
        ),

        // tests
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: settings),
        .testTarget(name: "TestSupportTests", dependencies: ["TestSupport"], swiftSettings: settings),
        .testTarget(name: "EventPollerTests", dependencies: ["CLinux", "EventPoller"], swiftSettings: settings),
        .testTarget(
            name: "LDAPClientTests",
            dependencies: [
                "EventPoller", "LDAPClient", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "NegotiateTests",
            dependencies: ["Negotiate", "TestSupport"],
            swiftSettings: settings
        ),
        .testTarget(name: "AuthenticationTests", dependencies: ["Authentication"], swiftSettings: settings),
        .testTarget(
            name: "TokensTests",
            dependencies: [
                "Authentication", "Tokens",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CorporateDirectoryTests",
            dependencies: [
                "Authentication", "DirectoryAuth", "EventPoller", "LDAPClient", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "DirectoryAuthTests",
            dependencies: [
                "Authentication", "DirectoryAuth", "EventPoller", "LDAPClient", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "PostgresClientTests",
            dependencies: [
                "EventPoller", "PostgresClient", "TestSupport", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "StorageTests",
            dependencies: [
                "Authentication", "PostgresClient", "Storage", "TestSupport", "Tokens",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "HTTPAPITests",
            dependencies: [
                "Authentication", "HTTPAPI", "TestSupport", "Tokens",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ObservabilityTests",
            dependencies: [
                "Authentication", "Observability", .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ldapauthdTests",
            dependencies: [
                "Authentication", "DirectoryAuth", "LDAPClient", "ldapauthd", "TestSupport", "Tokens",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SystemdTests",
            dependencies: ["TestSupport"],
            exclude: ["freeze.py", "load.py", "terminal.py"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: ["TestSupport"],
            exclude: ["Clients"],
            swiftSettings: settings
        ),
    ],
    swiftLanguageModes: [.v6]
)

// make test-tsan: the targets that face C or share state between threads, their tests, and what these need. The sanitizer
// makes a build of everything half an hour long.
if Context.environment["LDAPAUTHD_SANITIZED"] != nil {
    var sanitized: Set = ["EventPollerTests", "LDAPClientTests", "PostgresClientTests", "StorageTests"]
    var count = 0
    while count < sanitized.count {
        count = sanitized.count
        for target in package.targets where sanitized.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies { sanitized.insert(name) }
        }
    }
    package.targets.removeAll { !sanitized.contains($0.name) }
    package.products.removeAll { $0.name != "LDAPClient" }
}
