//! Client authentication at `/token` and `/revoke` (RFC 6749 sections 2.3.1 and 3.2.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use m365_types::{ClientId, Secret};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::{AuthMethod, Client, ClientRefusal, Clients, Need, is_address};
use crate::oauth::form::Form;

/// `WWW-Authenticate` of an `invalid_client` answer (RFC 6749 section 5.2).
pub const BASIC_CHALLENGE: &str = "Basic realm=\"token\", charset=\"UTF-8\"";

/// Whether a token or revocation request names a client with a metadata document. Such a request is worth a fetch only
/// where what it presents is ours: else strangers could make this server ask hosts for whatever they like.
#[must_use]
pub fn names_document(form: &Form) -> bool {
    form.text("client_id").is_some_and(is_address)
}

struct Presented {
    id: ClientId,
    method: AuthMethod,
    secret: Option<Secret<String>>,
}

impl Clients {
    /// The client that a token or revocation request comes from, proven by the method it registered. One with a metadata
    /// document is public; while its host does not answer, the last good copy serves for a day.
    ///
    /// # Errors
    /// [`ClientRefusal`]
    pub async fn authenticate(&self, headers: &HeaderMap, form: &Form) -> Result<Client, ClientRefusal> {
        let presented = presented(headers, form)?;
        if is_address(presented.id.as_str()) && presented.method != AuthMethod::None {
            return Err(ClientRefusal::Method);
        }
        let client = self.look(&presented.id, Need::Standing).await?;
        if client.auth_method != presented.method {
            return Err(ClientRefusal::Method);
        }
        match (&client.secret_hash, presented.secret) {
            (None, None) => Ok(client),
            (Some(hash), Some(secret)) => {
                let given: [u8; 32] = Sha256::digest(secret.expose().as_bytes()).into();
                if bool::from(hash.ct_eq(&given)) { Ok(client) } else { Err(ClientRefusal::Secret) }
            }
            (Some(_), None) | (None, Some(_)) => Err(ClientRefusal::Method),
        }
    }
}

fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, ClientRefusal> {
    let mut authorization = headers.get_all(header::AUTHORIZATION).iter();
    let in_form = form.text("client_id");
    let Some(value) = authorization.next() else {
        let id =
            ClientId::parse(in_form.ok_or(ClientRefusal::Missing)?).map_err(|_| ClientRefusal::Unknown)?;
        let secret = form.secret("client_secret").cloned();
        let method = if secret.is_some() { AuthMethod::ClientSecretPost } else { AuthMethod::None };
        return Ok(Presented { id, method, secret });
    };
    if authorization.next().is_some() || form.secret("client_secret").is_some() {
        return Err(ClientRefusal::Mixed);
    }
    let (id, secret) = basic(value.as_bytes()).ok_or(ClientRefusal::Missing)?;
    if in_form.is_some_and(|other| other != id.as_str()) {
        return Err(ClientRefusal::Mixed);
    }
    Ok(Presented { id, method: AuthMethod::ClientSecretBasic, secret: Some(secret) })
}

/// RFC 7617 credentials whose parts are form-encoded first (RFC 6749 section 2.3.1).
fn basic(value: &[u8]) -> Option<(ClientId, Secret<String>)> {
    let text = std::str::from_utf8(value).ok()?;
    let (scheme, credentials) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") || credentials.len() > 2048 {
        return None;
    }
    let decoded = Secret::new(STANDARD.decode(credentials.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(decoded.expose()).ok()?.split_once(':')?;
    let id = ClientId::parse(&form_decoded(id)?).ok()?;
    Some((id, Secret::new(form_decoded(secret)?)))
}

fn form_decoded(text: &str) -> Option<String> {
    // As the value of a form, so that `+` and percent-encoding mean the same; `&` and `=` cannot occur encoded.
    if text.contains('&') {
        return None;
    }
    let pair = format!("v={text}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
}
