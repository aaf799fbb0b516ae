internal import HTTPAPI
internal import Tokens

/// Bodies read and answers written, as the endpoints do it.
let formatBenchmarks = [
    Benchmark("read-json-token-request") {
        let body = octets(
            #"{"WindowsAuthentication":false,"client_id":"web","client_secret":"s3cret-of-web","scope":"read","#
                + #""username":"j\u00fcrgen.m\u00fcller","password":"p@ss \"word\"","grant_type":"password","refresh_token":null}"#
        )
        return { keep(try RequestReader.token(body: body, contentType: "application/json; charset=utf-8")) }
    },
    Benchmark("read-form-token-request") {
        let body = octets(
            "grant_type=password&client_id=web&client_secret=s3cret-of-web&username=j%C3%BCrgen.m%C3%BCller"
                + "&password=p%40ss+%22word%22&scope=read"
        )
        return { keep(try RequestReader.token(body: body, contentType: "application/x-www-form-urlencoded")) }
    },
    Benchmark("read-xml-token-request") {
        let body = octets(
            #"<TokenRequest xmlns:i="http://www.w3.org/2001/XMLSchema-instance" "#
                + #"xmlns="http://schemas.datacontract.org/2004/07/IO.Swagger.Models">"#
                + "<WindowsAuthentication>false</WindowsAuthentication><client_id>web</client_id>"
                + "<client_secret>s3cret-of-web</client_secret><grant_type>password</grant_type>"
                + #"<password>p@ss &quot;word&quot;</password><refresh_token i:nil="true" /><scope>read</scope>"#
                + "<username>jürgen.müller</username></TokenRequest>"
        )
        return { keep(try RequestReader.token(body: body, contentType: "application/xml")) }
    },
    Benchmark("read-form-login") {
        let body = octets("Grant_type=password&UserName=user000001&Password=user000001&LDAPServerId=1")
        return { keep(try RequestReader.login(body: body, contentType: "application/x-www-form-urlencoded")) }
    },
    Benchmark("write-xml-access-token-response") { writing(ResponseFormat(.xml, mediaType: "application/xml")) },
    Benchmark("write-json-access-token-response") { writing(.json) },
    Benchmark("negotiate-format") {
        let accept = opaque("text/html;q=0.8, application/xml;q=0.9, application/json, */*;q=0.1")
        return {
            keep(ResponseFormat.negotiate(accept: accept, acceptCharset: nil, contentType: "application/json"))
        }
    },
]

private func octets(_ text: String) -> [UInt8] { opaque(Array(text.utf8)) }

private func writing(_ format: ResponseFormat) -> () -> Void {
    let answer = opaque(
        AccessTokenResponse(
            // As long as an ES256 token with half a dozen groups.
            accessToken: String(repeating: "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9", count: 18),
            expiresIn: 300,
            ip: "192.0.2.10",
            refreshExpiresIn: 1800,
            refreshToken: String(repeating: "AQAAAAEwOTIzNDU2Nzg5", count: 4),
            sessionState: "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",
            scope: "read"
        )
    )
    return { keep(format.encode(answer)) }
}
