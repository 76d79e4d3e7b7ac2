//! What a call would do, as a person wants to see it: who gets what.

use m365_text::{Bare, BareLine, Piece, PieceKind, Shape, html_laid_bare, text_laid_bare};
use m365_types::{EffectBody, Fact, InternalDomains, Recipient, ResolvedEffect, Role, Standing};
use maud::{Markup, html};

use super::look_alike;

/// Everybody it reaches, those outside first.
pub(super) fn recipients(effect: &ResolvedEffect, internal: &InternalDomains) -> Markup {
    let mut listed: Vec<(Standing, &Recipient)> =
        effect.recipients.iter().map(|recipient| (internal.standing(recipient), recipient)).collect();
    listed.sort_by_key(|(standing, _)| match standing {
        Standing::Outside => 0,
        Standing::Unknown => 1,
        Standing::Inside => 2,
    });
    let audience = effect.audience(internal);
    html! {
        @if listed.is_empty() && effect.shared {
            p { "Everybody who uses it too; who that is is not known." }
        } @else if listed.is_empty() {
            p { "Nobody: it changes only what is yours." }
        } @else {
            p { strong { (sum(audience.count, audience.outside, audience.unknown)) } }
            ul .recipients {
                @for (standing, recipient) in listed { li { (one(recipient, standing, internal)) } }
            }
        }
    }
}

/// `3 people: 1 outside your organisation, 1 of whom it is not known, the others inside.`
fn sum(count: u32, outside: u32, unknown: u32) -> String {
    let people = if count == 1 { "1 recipient".to_owned() } else { format!("{count} recipients") };
    match (outside, unknown) {
        (0, 0) => format!("{people}, inside your organisation."),
        (outside, 0) if outside == count => format!("{people}, outside your organisation."),
        (0, unknown) if unknown == count => {
            format!("{people}; whether inside your organisation is not known.")
        }
        (outside, 0) => format!("{people}, {outside} of them outside your organisation."),
        (0, unknown) => format!("{people}; of {unknown} it is not known whether they are inside."),
        (outside, unknown) => {
            format!(
                "{people}, {outside} of them outside your organisation; of {unknown} it is not known whether they are."
            )
        }
    }
}

fn one(recipient: &Recipient, standing: Standing, internal: &InternalDomains) -> Markup {
    let (class, word) = match standing {
        Standing::Inside => ("mark inside", "inside"),
        Standing::Outside => ("mark outside", "OUTSIDE"),
        Standing::Unknown => ("mark unknown", "not known"),
    };
    html! {
        p .whom {
            span .role { (role(recipient.role)) } " "
            @if let Some(name) = &recipient.name { strong { (line(name)) } " " }
            @if let Some(address) = &recipient.address { code { (address) } " " }
            span class=(class) { (word) }
        }
        @if let Some(members) = recipient.members {
            p .note {
                "A list of " (members.total) (if members.total == 1 { " person" } else { " people" })
                @if members.outside > 0 { ", " strong { (members.outside) " of them outside" } }
            }
        }
        @if let Some(address) = &recipient.address { (domain(address.domain(), internal)) }
    }
}

/// A warning where the domain could be taken for one of the organisation's, or is in other letters.
fn domain(domain: &str, internal: &InternalDomains) -> Markup {
    let warning = look_alike::warning(domain, internal.domains());
    html! {
        @if let Some(warning) = warning {
            div .warn {
                p { strong { "Look at this address twice" } }
                @if let Some(like) = &warning.like {
                    p { code { (domain) } " is not " code { (like) } ", though it looks like it." }
                }
                @if let Some(ascii) = &warning.ascii {
                    p { "It has letters of another alphabet. Machines write it " code { (ascii) } "." }
                }
            }
        }
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Attendee => "Invited",
        Role::Bcc => "Bcc (hidden from the others)",
        Role::Cc => "Cc",
        Role::Correspondent => "Whoever writes to you",
        Role::Holder => "Whoever has the link",
        Role::Member => "Reads along",
        Role::To => "To",
    }
}

/// What goes out: facts, body, files.
pub(super) fn what(effect: &ResolvedEffect) -> Markup {
    let place = Some(effect.target.as_str()).filter(|target| !matches!(*target, "" | "me"));
    html! {
        @if place.is_some() || effect.folder.is_some() || !effect.facts.is_empty() {
            dl {
                @if let Some(place) = place { dt { "Where" } dd { code { (place) } } }
                @if let Some(folder) = &effect.folder { dt { "Folder" } dd { (line(folder)) } }
                @for fact in &effect.facts { (self::fact(fact)) }
            }
        }
        @if let Some(body) = &effect.body {
            h3 { "Text" }
            (self::body(body))
        }
        @if !effect.files.is_empty() {
            h3 { "Files that go along" }
            ul .files {
                @for file in &effect.files { li { strong { (line(&file.name)) } " " span .soft { (bytes(file.size)) } } }
            }
        }
        @if says_nothing(effect) {
            p .soft { "Nothing more is known than the call itself, which stands below." }
        }
    }
}

/// Whether the effect holds nothing that a person could look at besides whom it reaches.
pub(super) fn says_nothing(effect: &ResolvedEffect) -> bool {
    effect.facts.is_empty() && effect.body.is_none() && effect.files.is_empty()
}

fn fact(fact: &Fact) -> Markup {
    html! {
        dt { (fact.name) }
        dd {
            @match &fact.was {
                Some(was) => {
                    p { span .role { "was" } " " del { (line(was)) } }
                    p { span .role { "will be" } " " ins { (line(&fact.value)) } }
                },
                None => (line(&fact.value)),
            }
        }
    }
}

/// The body as text with nothing kept back, and its source where it has markup.
fn body(body: &EffectBody) -> Markup {
    html! {
        div .paper role="group" aria-label="The text that goes out" { (lines(&laid(&body.text, body.html))) }
        @if body.html {
            details {
                summary { "The source as it goes out" }
                pre .source { (body.text) }
            }
        }
    }
}

fn laid(text: &str, html: bool) -> Bare {
    if html { html_laid_bare(text) } else { text_laid_bare(text) }
}

/// What the body was, where the call changes it.
pub(super) fn differences(effect: &ResolvedEffect) -> Markup {
    let was = effect.body.as_ref().and_then(|body| Some((body.was.as_deref()?, body.html)));
    html! {
        @if let Some((was, html)) = was {
            h3 { "What the text was before" }
            div .paper .before role="group" aria-label="The text as it was before" { (lines(&laid(was, html))) }
        }
    }
}

fn lines(bare: &Bare) -> Markup {
    html! {
        @if bare.lines.is_empty() { p .soft { "(empty)" } }
        @for line in &bare.lines { (one_line(line)) }
        @if bare.unread > 0 { p .soft { "… and " (bytes(bare.unread as u64)) " of markup that is not shown here; see the source." } }
    }
}

fn one_line(line: &BareLine) -> Markup {
    let shape = match line.shape {
        Shape::Heading => "heading",
        Shape::Item => "item",
        Shape::Quote => "quote",
        Shape::Text => "plain",
    };
    html! {
        p class=(if line.gap { format!("{shape} gap") } else { shape.to_owned() }) { bdi { @for piece in &line.pieces { (one_piece(piece)) } } }
    }
}

fn one_piece(piece: &Piece) -> Markup {
    html! {
        @match piece.kind {
            PieceKind::Bold => strong { (piece.text) },
            PieceKind::Hidden => span .unseen { span .tag { "hidden from readers: " } (piece.text) },
            PieceKind::Italic => em { (piece.text) },
            PieceKind::Link => code .leads { "→ " (piece.text) },
            PieceKind::Picture => span .picture { "[picture: " (piece.text) "]" },
            PieceKind::Plain => (piece.text),
        }
    }
}

/// A short text of somebody else, with its invisible characters shown.
fn line(text: &str) -> Markup {
    let bare = text_laid_bare(text);
    html! {
        bdi {
            @if bare.lines.is_empty() { span .soft { "(empty)" } }
            @for (number, line) in bare.lines.iter().enumerate() {
                @if number > 0 { br; }
                @for piece in &line.pieces { (one_piece(piece)) }
            }
        }
    }
}

fn bytes(size: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")];
    match UNITS.iter().find(|(unit, _)| size >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", size / unit, size % unit * 10 / unit),
        None if size == 1 => "1 byte".to_owned(),
        None => format!("{size} bytes"),
    }
}
