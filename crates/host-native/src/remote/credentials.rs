//! The operator's credentials, from files that only their owner can read.

use m365_types::Secret;
use std::path::Path;

use crate::environment::read_secret;

/// Longest token accepted, in bytes: what Access issues stays below a cookie's limit.
const LONGEST: usize = 8 * 1024;

/// A session of the operator at Access: the application token that `cloudflared access token` prints.
pub(crate) struct AccessToken(Secret<String>);

/// A service token of Access.
pub(crate) struct ServiceToken {
    id: String,
    secret: Secret<String>,
}

impl AccessToken {
    /// Reads the file: one line.
    ///
    /// # Errors
    /// A sentence without the contents.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let contents = read_secret(path)?;
        let token = contents.expose().trim();
        let is_jwt = token.split('.').count() == 3
            && token.len() <= LONGEST
            && token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'='));
        if is_jwt {
            Ok(Self(Secret::new(token.to_owned())))
        } else {
            Err("its file holds no token; write into it what `cloudflared access token` prints".to_owned())
        }
    }

    /// The token itself.
    pub(crate) const fn secret(&self) -> &Secret<String> {
        &self.0
    }

    /// The cookie by which Access knows the session, with further cookies behind it.
    pub(crate) fn cookies(&self, more: &[String]) -> String {
        let session = format!("CF_Authorization={}", self.0.expose());
        more.iter().fold(session, |cookies, cookie| format!("{cookies}; {cookie}"))
    }
}

impl ServiceToken {
    /// Reads the file: the client id on the first line, the secret on the second.
    ///
    /// # Errors
    /// A sentence without the contents.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let contents = read_secret(path)?;
        let lines: Vec<&str> =
            contents.expose().lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let plain = |text: &str| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        match lines.as_slice() {
            [id, secret] if plain(id) && plain(secret) => {
                Ok(Self { id: (*id).to_owned(), secret: Secret::new((*secret).to_owned()) })
            }
            _ => Err("its file must hold two lines: the client id and the secret".to_owned()),
        }
    }

    /// The secret itself.
    pub(crate) const fn secret(&self) -> &Secret<String> {
        &self.secret
    }

    /// The client id, which is public.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn file(contents: &str, mode: u32) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credential");
        std::fs::write(&path, contents).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (folder, path)
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_without_its_contents() {
        let (_folder, path) = file("aaaa.bbbb.cccc", 0o644);
        let Err(refused) = AccessToken::read(&path) else { panic!("it was read") };
        assert!(refused.contains("0600") && !refused.contains("bbbb"), "{refused}");
        let (_folder, path) = file("id\nthe-secret\n", 0o640);
        let Err(refused) = ServiceToken::read(&path) else { panic!("it was read") };
        assert!(refused.contains("0600") && !refused.contains("the-secret"), "{refused}");
    }

    #[test]
    fn a_token_is_one_jwt_and_becomes_one_cookie() {
        let (_folder, path) = file("aaaa.bb-_.cccc\n", 0o600);
        let token = AccessToken::read(&path).unwrap();
        assert_eq!(token.cookies(&["a=b".into()]), "CF_Authorization=aaaa.bb-_.cccc; a=b");
        for contents in ["", "aaaa", "a.b.c; other=1", "a.b.c\r\nHost: evil", "a.b"] {
            let (_folder, path) = file(contents, 0o600);
            assert!(AccessToken::read(&path).is_err(), "{contents:?}");
        }
    }

    #[test]
    fn a_service_token_is_two_lines() {
        let (_folder, path) = file("abc.access\nthe-secret\n", 0o600);
        let token = ServiceToken::read(&path).unwrap();
        assert_eq!((token.id(), token.secret().expose().as_str()), ("abc.access", "the-secret"));
        for contents in ["abc.access", "abc.access\nsecret\nmore", "abc access\nsecret", ""] {
            let (_folder, path) = file(contents, 0o600);
            assert!(ServiceToken::read(&path).is_err(), "{contents:?}");
        }
    }
}
