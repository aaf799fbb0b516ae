// swift-tools-version: 6.2

import PackageDescription

// The same settings as in the main package.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "ldapauthd-benchmarks",
    dependencies: [
        // Named, because the folder it is checked out into may have any name.
        .package(name: "ldapauthd", path: ".."),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .target(name: "CAllocationCounter", path: "Benchmarks/CAllocationCounter"),
        .executableTarget(
            name: "ldapauthd-benchmarks",
            dependencies: [
                "CAllocationCounter",
                .product(name: "LDAPClient", package: "ldapauthd"),
                .product(name: "LdapauthdRooms", package: "ldapauthd"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Benchmarks/LdapauthdBenchmarks",
            swiftSettings: settings + [.strictMemorySafety()]
        ),
    ],
    swiftLanguageModes: [.v6]
)
