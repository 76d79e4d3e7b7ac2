//! Newsletters as they really look: nested tables, styles, hidden preheaders, tracking pixels, endless footers.

use super::dice::Dice;
use super::{DAY_MS, Placed};
use crate::graph::message::{Letter, Party};
use crate::people::Person;

/// Sender, address, title line and three articles.
const ISSUES: [(&str, &str, &str, [&str; 3]); 5] = [
    (
        "The Ledger Weekly",
        "news@ledger-weekly.example",
        "What moved the markets",
        ["Rates hold steady", "Why copper is scarce", "A primer on covenants"],
    ),
    (
        "Rust Digest",
        "digest@rust-digest.example",
        "This week in systems programming",
        ["Fearless refactoring", "An allocator in 90 lines", "Jobs near you"],
    ),
    (
        "Contoso Internal Comms",
        "comms@contoso.example",
        "Inside Contoso",
        ["Meet the new labs", "Bike to work results", "Canteen survey"],
    ),
    (
        "Design Matters",
        "hello@designmatters.example",
        "Type, colour and space",
        ["Contrast that works", "Ten grids", "Icons nobody understands"],
    ),
    (
        "Cloud Offers",
        "deals@cloud-offers.example",
        "Up to 70% off",
        ["Storage week", "Free migration", "Refer a friend"],
    ),
];

/// Three issues of each a month.
pub(super) fn all(person: &Person, now_ms: i64, dice: &mut Dice) -> Vec<Placed> {
    let owner = Party::new(&person.display_name, &person.email);
    let mut placed = Vec::new();
    for number in 0..55_i64 {
        let Some((name, address, title, articles)) =
            ISSUES.get(usize::try_from(number % 5).unwrap_or_default())
        else {
            continue;
        };
        let at_ms = now_ms - number * 2 * DAY_MS - dice.ms(DAY_MS);
        let subject = format!("{name} #{}: {title}", 210 - number);
        let body = issue(name, title, articles, dice.below(1_000_000));
        let mut letter = Letter::new(Party::new(name, address), vec![owner.clone()], &subject, body, at_ms);
        letter.reply_to = vec![Party::new("Unsubscribe", &format!("unsubscribe+{number}@bounce.example"))];
        letter.is_read = dice.chance(50);
        letter.unfocused = true;
        placed.push(Placed { folder: if number % 3 == 0 { "Newsletters" } else { "inbox" }, letter });
    }
    placed
}

fn issue(name: &str, title: &str, articles: &[&str; 3], reader: u64) -> String {
    let rows: Vec<String> = articles
        .iter()
        .map(|article| {
            format!(
                "<tr><td class=\"c\" style=\"padding:16px 24px;font-family:Arial,Helvetica,sans-serif;mso-line-height-rule:exactly\" bgcolor=\"#ffffff\">\
                 <h2 style=\"margin:0 0 8px;font-size:18px\"><a href=\"https://click.track.example/r/{reader}?u=https%3A%2F%2Fnews.example\" style=\"color:#0a58ca\">{article}</a></h2>\
                 <p style=\"margin:0;color:#555\">Three minutes that will change how you think about {}. <a href=\"https://click.track.example/m/{reader}\">Read more &raquo;</a></p></td></tr>",
                article.to_lowercase()
            )
        })
        .collect();
    let rows = rows.concat();
    format!(
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\"><html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><head><title>{name}</title>\
         <style type=\"text/css\">@media only screen and (max-width:600px){{.c{{width:100%!important}}}} .ExternalClass{{width:100%}}</style>\
         <!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml><![endif]--></head>\
         <body style=\"margin:0;background:#f2f2f2\"><div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all\">{title} &#8203;&zwnj;&nbsp;&#8203;&zwnj;&nbsp;&#8203;&zwnj;&nbsp;</div>\
         <table width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" role=\"presentation\"><tr><td align=\"center\"><table width=\"600\" class=\"c\" role=\"presentation\"><tr><td style=\"padding:24px\"><h1 style=\"font-size:26px\">{name}</h1></td></tr>{rows}\
         <tr><td style=\"padding:24px;font-size:11px;color:#999\">You receive this because you signed up. <a href=\"https://click.track.example/u/{reader}\">Unsubscribe</a> &middot; <a href=\"https://click.track.example/p/{reader}\">Preferences</a><br>1 Example Way, Springfield</td></tr></table></td></tr></table>\
         <img src=\"https://open.track.example/o/{reader}.gif\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block\"></body></html>"
    )
}
