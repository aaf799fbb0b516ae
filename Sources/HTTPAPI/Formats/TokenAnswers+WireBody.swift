public import Tokens

extension TokenModel: WireBody {
    /// The five members; strict Jackson clients fail on more.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("access_token", accessToken)
            json.member("userId", userID)
            json.member("firstName", firstName)
            json.member("lastName", lastName)
            json.member("DTTSessionId", sessionNumber)
        }
    }

    /// The five members in ordinal order.
    public func write(to xml: inout XMLWriter) {
        xml.root("TokenModel", namespace: "TechExcel.DevTrackApi.Controllers") { xml in
            xml.element("DTTSessionId", sessionNumber)
            xml.element("access_token", accessToken)
            xml.element("firstName", firstName)
            xml.element("lastName", lastName)
            xml.element("userId", userID)
        }
    }
}

extension AccessTokenResponse: WireBody {
    /// The eleven members, nulls included.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("access_token", accessToken)
            json.member("expires_in", expiresIn)
            json.member("redirect_url", redirectURL)
            json.member("ip", ip)
            json.member("is_editor", isEditor)
            json.member("refresh_expires_in", refreshExpiresIn)
            json.member("refresh_token", refreshToken)
            json.member("token_type", tokenType)
            json.member("not_before_policy", notBeforePolicy)
            json.member("session_state", sessionState)
            json.member("scope", scope)
        }
    }

    /// The eleven members in ordinal order.
    public func write(to xml: inout XMLWriter) {
        xml.root("AccessTokenResponse", namespace: "IO.Swagger.Models") { xml in
            xml.element("access_token", accessToken)
            xml.element("expires_in", expiresIn)
            xml.element("ip", ip)
            xml.element("is_editor", isEditor)
            xml.element("not_before_policy", notBeforePolicy)
            xml.element("redirect_url", redirectURL)
            xml.element("refresh_expires_in", refreshExpiresIn)
            xml.element("refresh_token", refreshToken)
            xml.element("scope", scope)
            xml.element("session_state", sessionState)
            xml.element("token_type", tokenType)
        }
    }
}
