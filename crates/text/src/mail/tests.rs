use super::*;

fn of_text(content: &str) -> MailText {
    read(&Body { content, format: Format::Text }, Reading::default())
}

fn of_html(content: &str) -> MailText {
    read(&Body { content, format: Format::Html }, Reading::default())
}

const ANSWER: &str = "Yes, at nine.";

#[test]
fn heads_of_earlier_messages_are_known_in_many_languages() {
    for head in [
        "From: A B <a@c.example>\nSent: Monday\nTo: C\nSubject: x",
        "Von: A B\nGesendet: Montag\nAn: C\nBetreff: x",
        "De : A B\nEnvoyé : lundi\nÀ : C\nObjet : x",
        "De: A B\nEnviado el: lunes\nPara: C\nAsunto: x",
        "Da: A B\nInviato: lunedì\nA: C\nOggetto: x",
        "Van: A B\nVerzonden: maandag\nAan: C\nOnderwerp: x",
        "De: A B\nEnviado: segunda\nPara: C\nAssunto: x",
        "Fra: A B\nSendt: mandag\nTil: C\nEmne: x",
        "Från: A B\nSkickat: måndag\nTill: C\nÄmne: x",
        "Lähettäjä: A B\nLähetetty: maanantai\nVastaanottaja: C\nAihe: x",
        "差出人: A B\n送信日時: 月曜\n宛先: C\n件名: x",
        "发件人: A B\n发送时间: 星期一\n收件人: C\n主题: x",
        "-----Original Message-----\nFrom: A",
        "-----Ursprüngliche Nachricht-----\nVon: A",
        "-------- Message d'origine --------\nDe : A",
        "________________________________\nFrom: A\nDate: x\nTo: C",
        "*From:* A B\n*Sent:* Monday\n*To:* C\n*Subject:* x",
    ] {
        let mail = of_text(&format!("{ANSWER}\n\n{head}\n\nCan we meet?\n"));
        assert!(
            mail.text.starts_with(&format!("{ANSWER}\n\n[Earlier messages left out: ")),
            "{head}: {}",
            mail.text
        );
        assert!(mail.folded > head.chars().count() / 2, "{head}");
    }
}

#[test]
fn words_that_only_look_like_a_head_stay() {
    for text in [
        "From: Berlin\n\nTo: Paris\n\nby train.",
        "From: Berlin Hbf\nDate: 12 November\nTo: Paris Est\nSeat: 61",
        "Date: Monday\nSubject: lunch\n\nsee you",
        "From: the board\nthe usual.",
        "-- and then --\nhe left",
        "On Monday Megan wrote: buy milk",
        "On the whole, this is what she wrote:\n\nnothing at all.",
        "From: 3 pm\nSent: two of them\nthat was all",
    ] {
        assert_eq!(of_text(&format!("{ANSWER}\n\n{text}\n")).folded, 0, "{text}");
    }
}

#[test]
fn the_line_above_quotes_goes_with_them() {
    for line in [
        "On Mon, Nov 2, 2026 at 9:00 AM A B <a@c.example> wrote:",
        "Am 02.11.2026 um 09:00 schrieb A B <a@c.example>:",
        "Am Mo., 2. Nov. 2026 um 09:00 Uhr schrieb A B:",
        "Le lun. 2 nov. 2026 à 09:00, A B <a@c.example> a écrit :",
        "El lun, 2 nov 2026 a las 9:00, A B (<a@c.example>) escribió:",
        "Il giorno lun 2 nov 2026 alle ore 09:00 A B <a@c.example> ha scritto:",
        "Op ma 2 nov 2026 om 09:00 schreef A B <a@c.example>:",
        "Em seg., 2 de nov. de 2026 às 09:00, A B <a@c.example> escreveu:",
        "Den man. 2. nov. 2026 kl. 09.00 skrev A B <a@c.example>:",
        "Den mån 2 nov. 2026 kl 09:00 skrev A B <a@c.example>:",
        "ma 2. marrask. 2026 klo 9.00 A B (a@c.example) kirjoitti:",
        "2026年11月2日(月) 9:00 A B <a@c.example>のメール:",
        "在 2026年11月2日 9:00，A B <a@c.example> 写道：",
        "A B <a@c.example> wrote:",
    ] {
        let mail = of_text(&format!("{ANSWER}\n\n{line}\n> Can we meet?\n> When?\n"));
        let wanted = line.chars().count() + "Can we meet?".len() + "When?".len() + 3;
        assert_eq!((mail.text.lines().next(), mail.folded), (Some(ANSWER), wanted), "{line}: {}", mail.text);
        assert_eq!(mail.text.lines().count(), 3, "{line}");
    }
}

#[test]
fn a_quote_is_history_only_below_such_a_line() {
    let quote = "<blockquote><p>Earlier words.</p></blockquote>";
    let below =
        of_html(&format!("<p>{ANSWER}</p><p>On 5 Nov 2026, A B &lt;a@c.example&gt; wrote:</p>{quote}"));
    assert!(below.folded > 0 && !below.text.contains("Earlier words"), "{}", below.text);
    let chosen = of_html(&format!("<p>{ANSWER}</p><p>As the book says:</p>{quote}"));
    assert_eq!((chosen.folded, chosen.text.contains("> Earlier words.")), (0, true));
}

#[test]
fn answers_between_quotes_keep_what_they_answer() {
    let mail = of_text("> One?\n\nYes.\n\n> Two?\n\nNo.\n\n> Bye\n");
    assert_eq!(mail.text, "> One?\n\nYes.\n\n> Two?\n\nNo.\n\n[Earlier messages left out: 4 characters]");
    let below = of_text("On 2 Nov 2026 A B wrote:\n> One?\n\nYes.\n");
    assert_eq!((below.folded, below.text.contains("One?")), (0, true));
}

#[test]
fn a_forwarded_message_is_what_the_mail_is_about() {
    let head = "From: A B\nSent: Monday\nTo: C\nSubject: x\n\nThe text.\n";
    for text in [
        head.to_owned(),
        format!("\n\n-----Original Message-----\n{head}"),
        format!("Look.\n\n---------- Forwarded message ---------\n{head}"),
        format!("Look.\n\nBegin forwarded message:\n\n{head}"),
        format!("Schau.\n\nAnfang der weitergeleiteten Nachricht:\n\n{head}"),
        "> only\n> quoted\n".to_owned(),
    ] {
        assert_eq!(of_text(&text).folded, 0, "{text}");
    }
    let with_words = format!("Look.\n\n{head}");
    let reading = |forwarded, history| Reading { history, forwarded };
    let body = Body { content: &with_words, format: Format::Text };
    assert!(read(&body, reading(false, History::Fold)).folded > 0);
    assert_eq!(read(&body, reading(true, History::Fold)).folded, 0);
    let kept = read(&body, reading(false, History::Keep));
    assert_eq!((kept.folded, kept.text.contains("The text.")), (0, true));
}

#[test]
fn subjects_of_forwards_are_known() {
    for subject in ["FW: x", "Fwd: x", "WG: x", "TR : x", "RV: x", "[EXT] Fw: x", " fw: Re: x", "转发：x"]
    {
        assert!(is_forward(subject), "{subject}");
    }
    for subject in ["", "x", "Re: Fw: x", "AW: WG: x", "forward: x", "Framework: x"] {
        assert!(!is_forward(subject), "{subject}");
    }
}

#[test]
fn signatures_and_disclaimers_go_and_greetings_stay() {
    for (end, rest) in [
        ("\n\n-- \nMegan Bowen\nContoso\n", ""),
        ("\n\nSent from my iPhone\n", ""),
        ("\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n", ""),
        ("\n\nVon meinem iPad gesendet\n", ""),
        ("\n\nEnvoyé de mon iPhone\n", ""),
        ("\n\niPhoneから送信\n", ""),
        (
            "\n\nMegan\n\nThis message is confidential and intended only for the addressee. If you received this message in error, please delete it.\n",
            "\n\nMegan",
        ),
    ] {
        let mail = of_text(&format!("{ANSWER}{end}"));
        assert_eq!((mail.text.as_str(), mail.signature), (format!("{ANSWER}{rest}").as_str(), true), "{end}");
    }
    let long = format!("\n-- \n{}", "A long line of text that goes on.\n".repeat(40));
    for end in [
        "\n\nBest regards\nMegan\n",
        "\nSent from my desk, as always, in a hurry and with the wrong attachment, which is why I write again.\n",
        "\n\nThe price list is confidential.\n",
        "\n\nPlease delete the confidential draft.\n",
        long.as_str(),
    ] {
        let mail = of_text(&format!("{ANSWER}{end}"));
        assert!(!mail.signature, "{end}");
        assert!(mail.text.len() > ANSWER.len(), "{end}");
    }
    assert_eq!(of_text("Sent from my iPhone").text, "Sent from my iPhone", "all there is");
    assert_eq!(of_html("<div id=Signature>Only this</div>").text, "Only this");
}

#[test]
fn the_end_of_a_newsletter_goes_and_talk_about_one_stays() {
    let story = "<p>Story one.</p><p>Story two.</p>";
    let mail = of_html(&format!(
        "<a href='https://n.example/v'>View in browser</a>{story}<p>You are receiving this because you asked.</p><p><a href='https://n.example/u'>Unsubscribe</a> | <a href='https://n.example/p'>Privacy</a></p><p>© 2026 N</p>"
    ));
    assert_eq!((mail.text.as_str(), mail.footer), ("Story one.\n\nStory two.", true));
    for end in [
        "<p>Please unsubscribe me from the list.</p>",
        "<p>I tried to unsubscribe, see <a href='https://n.example/x'>here</a>.</p>",
        "<p>Our privacy rules changed.</p>",
        "<p>© is the sign for copyright.</p>",
    ] {
        let mail = of_html(&format!("{story}{end}"));
        assert!(!mail.footer && mail.text.lines().count() == 5, "{end}: {}", mail.text);
    }
}

#[test]
fn plain_text_is_no_markup() {
    let mail = of_text(
        "a <b>bold</b> claim, 1 < 2\n<!-- shown -->\n\tx  y\n# five\nhttps://c.example/?utm_source=x, ok",
    );
    assert_eq!(
        mail.text,
        "a &lt;b>bold&lt;/b> claim, 1 < 2\n&lt;!-- shown -->\nx y\n\\# five\nhttps://c.example/, ok"
    );
    assert_eq!((mail.hidden, mail.trackers), (0, 1));
}

#[test]
fn plain_text_that_a_server_wrapped_in_html_is_quoted_by_signs() {
    let body = "<div class=PlainText>Yes.<br>On 2 Nov 2026 at 9:00 A B wrote:<br>&gt; One?<br>&gt;&gt; Zero<br></div>";
    let mail = of_html(body);
    assert_eq!(
        (mail.text.as_str(), mail.folded > 30),
        ("Yes.\n\n[Earlier messages left out: 43 characters]", true)
    );
    let drawn = of_html("<p>Steps:</p><p>&gt; open</p><p>&gt; close</p>");
    assert_eq!((drawn.text.as_str(), drawn.folded), ("Steps:\n\n\\> open\n\n\\> close", 0));
}

#[test]
fn answers_written_into_an_unmarked_history_are_not_folded() {
    let history = "\n\nFrom: A\nSent: Monday\nTo: C\nSubject: x\n\nWho pays? We do.\n";
    for remark in ["My answers are inline.", "See in red.", "Antworten unten."] {
        assert_eq!(of_text(&format!("{remark}{history}")).folded, 0, "{remark}");
    }
    for remark in ["Fine.", "The pipeline is up.", "He is an inliner."] {
        assert!(of_text(&format!("{remark}{history}")).folded > 0, "{remark}");
    }
}
