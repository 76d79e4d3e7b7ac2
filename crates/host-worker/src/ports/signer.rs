//! Signatures with private RSA keys, by Web Cryptography (W3C, "Web Cryptography API", RSA-PSS), which computes outside of
//! WebAssembly and constant in time. The key cannot be taken out again and is gone with the call.

use async_trait::async_trait;
use m365_ports::{SIGNING_KEY_MAX_BITS, SIGNING_KEY_MIN_BITS, Signer, SignerError};
use m365_types::Secret;
use worker::js_sys::{self, Array, Function, Object, Promise, Reflect, Uint8Array};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

const SALT_BYTES: u32 = 32;

/// `crypto.subtle`.
#[derive(Clone, Copy, Debug)]
pub struct SubtleSigner;

#[async_trait]
impl Signer for SubtleSigner {
    async fn sign_ps256(&self, key: &Secret<Vec<u8>>, message: &[u8]) -> Result<Vec<u8>, SignerError> {
        SendFuture::new(sign(key.expose(), message)).await
    }
}

async fn sign(key: &[u8], message: &[u8]) -> Result<Vec<u8>, SignerError> {
    let key = import(key).await.map_err(|_| SignerError::Key)?;
    let bits = modulus_bits(&key).ok_or(SignerError::Key)?;
    if !(SIGNING_KEY_MIN_BITS..=SIGNING_KEY_MAX_BITS).contains(&bits) {
        return Err(SignerError::Key);
    }
    let signature = signature(&key, message).await.map_err(|_| SignerError::Unavailable)?;
    Ok(Uint8Array::new(&signature).to_vec())
}

async fn import(key: &[u8]) -> Result<JsValue, JsValue> {
    let algorithm = algorithm(&[("hash", "SHA-256".into())])?;
    let uses = Array::of1(&"sign".into());
    let bytes = Uint8Array::from(key);
    let arguments = Array::of5(&"pkcs8".into(), &bytes, &algorithm, &JsValue::FALSE, &uses);
    let imported = subtle("importKey", &arguments).await;
    // The copy outside of WebAssembly is ours to wipe.
    bytes.fill(0, 0, bytes.length());
    imported
}

async fn signature(key: &JsValue, message: &[u8]) -> Result<JsValue, JsValue> {
    let algorithm = algorithm(&[("saltLength", SALT_BYTES.into())])?;
    subtle("sign", &Array::of3(&algorithm, key, &Uint8Array::from(message))).await
}

fn algorithm(parameters: &[(&str, JsValue)]) -> Result<Object, JsValue> {
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &"RSA-PSS".into())?;
    for (name, value) in parameters {
        Reflect::set(&algorithm, &(*name).into(), value)?;
    }
    Ok(algorithm)
}

/// Calls a method of `crypto.subtle` and waits for what it promises.
async fn subtle(method: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let crypto = Reflect::get(&js_sys::global(), &"crypto".into())?;
    let subtle = Reflect::get(&crypto, &"subtle".into())?;
    let method: Function = Reflect::get(&subtle, &method.into())?.dyn_into()?;
    let promise: Promise = Reflect::apply(&method, &subtle, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of bits, a small whole number"
)]
fn modulus_bits(key: &JsValue) -> Option<usize> {
    let algorithm = Reflect::get(key, &"algorithm".into()).ok()?;
    Reflect::get(&algorithm, &"modulusLength".into()).ok()?.as_f64().map(|bits| bits as usize)
}
