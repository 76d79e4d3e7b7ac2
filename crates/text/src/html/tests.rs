use super::*;
use crate::bounds::TAGS_MAX;

fn text(html: &str) -> String {
    html_to_markdown(html).text
}

#[test]
fn structure_becomes_markdown() {
    for (html, markdown) in [
        ("<h1>Title</h1><p>One</p><p>Two</p>", "# Title\n\nOne\n\nTwo"),
        ("<p>a <b>bold</b> and <i>slanted</i> and <s>gone</s></p>", "a **bold** and *slanted* and ~~gone~~"),
        ("<p><b>one </b><strong>two</strong> three</p>", "**one two** three"),
        ("<p>x<b> y </b>z</p>", "x **y** z"),
        ("<b><i>both</i></b>", "***both***"),
        ("<p>a<br>b</p>c", "a\nb\n\nc"),
        ("<div>a</div><div><br></div><div>b</div><div>c</div>", "a\n\nb\nc"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>d", "- a\n  - b\n- c\n\nd"),
        ("<ol start=3><li>a</li><li><p>b</p><p>c</p></li></ol>", "3. a\n4. b\n   c"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n> > b\n\nc"),
        ("<p>use <code>a | b</code></p><pre>x\n  y\n\nz</pre>", "use `a | b`\n\n```\nx\n  y\n\nz\n```"),
        ("a<hr>b<hr><hr>c", "a\n\n---\n\nb\n\n---\n\nc"),
        ("<b style='font-weight:normal'>plain</b>", "plain"),
        ("a&nbsp;&nbsp; b &lt;c&gt; &amp; d", "a b <c> & d"),
        ("<p>one\n  two</p>", "one two"),
        ("<span style='display:block'>a</span><span style='display:block'>b</span>", "a\nb"),
        ("<img alt='Chart of sales' src='cid:1'>", "[Image: Chart of sales]"),
        ("Great<emoji id=like alt='👍' title=Like></emoji>", "Great👍"),
    ] {
        assert_eq!(text(html), markdown, "{html}");
    }
}

#[test]
fn links_say_where_they_lead() {
    for (html, markdown) in [
        (
            "<a href='https://c.example/a?utm_source=x'>Read <b>on</b></a>.",
            "[Read **on**](https://c.example/a).",
        ),
        ("<a href='https://c.example/a'>https://c.example/a</a>", "https://c.example/a"),
        ("<a href='https://evil.example/'>www.bank.example</a>", "[www.bank.example](https://evil.example/)"),
        ("<a href='mailto:a@c.example'>a@c.example</a>", "a@c.example"),
        ("<a href='mailto:a@c.example'>Write</a>", "[Write](mailto:a@c.example)"),
        ("<a href='javascript:x()'>x</a> <a href='#y'>y</a>", "x y"),
        (
            "<a href='https://c.example/'><img alt='Spring sale'></a><a href='https://c.example/'>Read more</a>",
            "[Spring sale Read more](https://c.example/)",
        ),
        (
            "<a href='https://c.example/'>Sale</a><p><a href='https://c.example/'>www.d.example</a>",
            "[Sale](https://c.example/)\n\n[www.d.example](https://c.example/)",
        ),
        ("<a href='https://c.example/'><img src=x></a>", "[picture](https://c.example/)"),
        ("<a href='https://c.example/'></a>", ""),
        (
            "<a href='https://c.example/'><h2>Big</h2><p>small</p></a>",
            "## [Big](https://c.example/)\n\nsmall",
        ),
        (
            "<a href='https://www.facebook.com/c'><img src=x></a> | <a href='https://x.com/c'><img src=x></a> <a href='https://www.instagram.com/c'>Instagram</a>",
            "Profiles: Facebook, X, Instagram",
        ),
    ] {
        assert_eq!(text(html), markdown, "{html}");
    }
}

#[test]
fn tables_of_data_are_tables_and_others_arrange() {
    let data = "<table><tr><th>Item</th><th>Price</th></tr><tr><td>Tea|pot</td><td>9 €</td></tr></table>";
    assert_eq!(text(data), "| Item | Price |\n|---|---|\n| Tea\\|pot | 9 € |");
    let without_names = "<table border=1><tr><td>Total</td><td>9</td></tr><tr><td>VAT</td><td></td></tr><tr><td>Due</td><td>1</td></tr></table>after";
    assert_eq!(text(without_names), "| | |\n|---|---|\n| Total | 9 |\n| VAT | |\n| Due | 1 |\n\nafter");
    let layout = "<table role=presentation><tr><td><h2>News</h2></td></tr><tr><td><table><tr><td>One paragraph of text.</td></tr></table></td></tr></table>";
    assert_eq!(text(layout), "## News\n\nOne paragraph of text.");
    let receipt = "<table role=presentation><tr><td>Teapot</td><td>2</td><td>18 €</td></tr><tr><td colspan=3>Thank you</td></tr></table>";
    assert_eq!(text(receipt), "Teapot | 2 | 18 €\nThank you");
}

#[test]
fn word_lists_are_lists() {
    let item = |level: usize, sign: &str, words: &str| {
        format!(
            "<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level{level} lfo1'><![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>{sign}<span style='font:7.0pt \"Times New Roman\"'>&nbsp;&nbsp;</span></span></span><![endif]>{words}<o:p></o:p></p>"
        )
    };
    let html = item(1, "·", "one") + &item(2, "o", "two") + &item(1, "3.", "three");
    let found = html_to_markdown(&html);
    assert_eq!((found.text.as_str(), found.hidden), ("- one\n   - two\n3. three", 0));
}

#[test]
fn what_is_hidden_is_counted_and_pictures_that_track_too() {
    let html = "<style>.pre{display:none}</style><p class=pre>secret</p><div style='font-size:0'><div style='font-size:14px'>shown</div></div>\
        <img src='https://t.example/o.gif' width=1 height=1><!-- note --><!--[if mso]><table><tr><td><![endif]-->x\u{200b}y";
    let found = html_to_markdown(html);
    assert_eq!((found.text.as_str(), found.hidden, found.trackers), ("shown\nxy", 6 + 4 + 1, 1));
}

#[test]
fn what_the_author_wrote_does_not_become_structure() {
    for (html, markdown) in [
        ("<p># not a heading", "\\# not a heading"),
        ("<p>#1 is fine", "#1 is fine"),
        ("<p>&gt; not quoted", "\\> not quoted"),
        ("<p>[bank](https://evil.example)", "[bank]\\(https://evil.example)"),
        ("<p>```", "\\```"),
        ("<p>&lt;div hidden&gt; and &lt;alex@c.example&gt;", "&lt;div hidden> and <alex@c.example>"),
        ("<p>a * b_c_d ~ e", "a * b_c_d ~ e"),
        (
            "<a href='https://e.example/'>x](https://good.example)[</a>",
            "[x]\\(https://good.example)[](https://e.example/)",
        ),
    ] {
        assert_eq!(text(html), markdown, "{html}");
    }
}

#[test]
fn depth_and_width_cost_no_more_than_they_are_long() {
    for html in [
        "<div>".repeat(TAGS_MAX) + "x",
        "<blockquote>".repeat(TAGS_MAX / 2) + &"<p>x".repeat(TAGS_MAX / 2),
        "<ul><li>".repeat(TAGS_MAX / 4) + &"<p>x".repeat(TAGS_MAX / 2),
        "<table><tr><td>".repeat(TAGS_MAX / 3) + "x",
        "<table border=1><tr>".to_owned() + &"<td>x".repeat(2000) + &"<tr><td>x<td>y".repeat(1000),
        "<a href='https://c.example/'><table><td>".repeat(TAGS_MAX / 3) + "x",
    ] {
        let text = text(&html);
        assert!(text.len() < html.len() * 8 + 64, "{} from {}", text.len(), html.len());
    }
    let cut = html_to_markdown(&("<p>x".repeat(TAGS_MAX) + "<p>beyond"));
    assert_eq!((cut.unread, cut.hidden), ("<p>beyond".len(), 0));
}
