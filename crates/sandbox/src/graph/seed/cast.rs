//! The invented people around a mailbox owner: colleagues, and those of other companies.

use serde_json::{Value, json};

use crate::graph::ids::guid;
use crate::graph::message::Party;
use crate::people::{Person, TENANT_NAME};

pub(super) const JOB_TITLES: [&str; 8] = [
    "Product Manager",
    "Account Executive",
    "Controller",
    "Operations Lead",
    "Software Engineer",
    "Legal Counsel",
    "People Partner",
    "Marketing Manager",
];
pub(super) const DEPARTMENTS: [&str; 6] = ["Product", "Sales", "Finance", "Operations", "Legal", "People"];

const INTERNAL: [(&str, &str); 38] = [
    ("Megan", "Bowen"),
    ("Adele", "Vance"),
    ("Irene", "McGowan"),
    ("Diego", "Siciliani"),
    ("Joni", "Sherman"),
    ("Lee", "Gu"),
    ("Lidia", "Holloway"),
    ("Lynne", "Robbins"),
    ("Nestor", "Wilke"),
    ("Patti", "Fernandez"),
    ("Pradeep", "Gupta"),
    ("Isaiah", "Langer"),
    ("Johanna", "Lorenz"),
    ("Henrietta", "Müller"),
    ("Grady", "Archie"),
    ("Miriam", "Graham"),
    ("Allan", "Deyoung"),
    ("Christie", "Cline"),
    ("Debra", "Berger"),
    ("Enrico", "Cattaneo"),
    ("Raúl", "Razo"),
    ("Zoë", "Ångström"),
    ("Siân", "O’Dell"),
    ("Tomáš", "Novák"),
    ("Yui", "Tanaka"),
    ("Wei", "Chen"),
    ("Fatima", "al-Sayed"),
    ("Noam", "Levi"),
    ("Priya", "Raman"),
    ("Olu", "Adeyemi"),
    ("Mika", "Virtanen"),
    ("Anaïs", "Lefèvre"),
    ("Jan", "de Vries"),
    ("Søren", "Kjær"),
    ("Katarzyna", "Wójcik"),
    ("Ben", "Walters"),
    ("Cora", "Thomas"),
    ("Delia", "Dennis"),
];

const EXTERNAL: [(&str, &str, &str, &str); 22] = [
    ("Carla", "Mendes", "fabrikam.example", "Fabrikam"),
    ("Robin", "Counts", "fabrikam.example", "Fabrikam"),
    ("Hugo", "Garcia", "fabrikam.example", "Fabrikam"),
    ("Stella", "Ivanova", "northwind.example", "Northwind Traders"),
    ("Mario", "Rogers", "northwind.example", "Northwind Traders"),
    ("Kevin", "Sturgis", "northwind.example", "Northwind Traders"),
    ("Elvia", "Atkins", "adatum.example", "Adatum"),
    ("Kai", "Carter", "adatum.example", "Adatum"),
    ("Hadar", "Caspit", "adatum.example", "Adatum"),
    ("Monica", "Thomson", "tailspin.example", "Tailspin Toys"),
    ("Robert", "Murphy", "tailspin.example", "Tailspin Toys"),
    ("Sonia", "Rees", "litware.example", "Litware"),
    ("Tim", "Deboer", "litware.example", "Litware"),
    ("Celeste", "Burton", "woodgrove.example", "Woodgrove Bank"),
    ("Eran", "Harel", "woodgrove.example", "Woodgrove Bank"),
    ("Ida", "Persson", "proseware.example", "Proseware"),
    ("Malik", "Barden", "proseware.example", "Proseware"),
    ("Amber", "Rodriguez", "wingtip.example", "Wingtip"),
    ("Quincy", "Watson", "wingtip.example", "Wingtip"),
    ("Tuncay", "Bozkurt", "graphicdesign.example", "Graphic Design Institute"),
    ("Jordi", "Puig", "graphicdesign.example", "Graphic Design Institute"),
    ("Aino", "Laine", "humongous.example", "Humongous Insurance"),
];

/// One invented person.
#[derive(Clone, Debug, Default)]
pub(super) struct Colleague {
    pub(super) given: &'static str,
    pub(super) surname: &'static str,
    pub(super) address: String,
    pub(super) company: &'static str,
    pub(super) job_title: &'static str,
    pub(super) department: &'static str,
    rank: usize,
}

impl Colleague {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.given, self.surname)
    }

    /// The object id in the directory.
    pub(super) fn id(&self) -> String {
        guid(&format!("person/{}", self.address))
    }

    pub(super) fn party(&self) -> Party {
        Party::new(&self.name(), &self.address)
    }

    pub(super) fn business_phones(&self) -> Vec<String> {
        vec![format!("+1 412 555 01{:02}", self.rank)]
    }

    /// Phones with their kinds; some people have none, some several.
    pub(super) fn phones(&self) -> Value {
        match self.rank % 4 {
            0 => json!([{"type": "business", "number": format!("+1 412 555 01{:02}", self.rank)},
                        {"type": "mobile", "number": format!("+1 206 555 01{:02}", self.rank)}]),
            1 => json!([{"type": "mobile", "number": format!("+49 89 5550 1{:02}", self.rank)}]),
            2 => json!([{"type": "business", "number": format!("+44 20 5550 1{:02}", self.rank)}]),
            _ => json!([]),
        }
    }
}

/// Everybody around the owner, in order of relevance, the owner left out.
pub(super) fn colleagues(owner: &Person) -> Vec<Colleague> {
    // Each mailbox starts its list elsewhere, so that not everybody knows the same person best.
    let turn = owner.oid.bytes().map(usize::from).sum::<usize>() % INTERNAL.len();
    let mut people: Vec<Colleague> = everybody().filter(|one| one.address != owner.email).collect();
    if let Some(own) = people.get_mut(..INTERNAL.len()) {
        own.rotate_left(turn);
    }
    people
}

/// The colleagues of the organisation.
pub(super) fn internal() -> impl Iterator<Item = Colleague> {
    everybody().take(INTERNAL.len())
}

fn everybody() -> impl Iterator<Item = Colleague> {
    let internal = INTERNAL.iter().map(|(given, surname)| (*given, *surname, TENANT_NAME, "Contoso"));
    internal.chain(EXTERNAL).enumerate().map(|(rank, (given, surname, domain, company))| Colleague {
        given,
        surname,
        address: format!("{}.{}@{domain}", plain(given), plain(surname)),
        company,
        job_title: JOB_TITLES.get(rank % JOB_TITLES.len()).copied().unwrap_or_default(),
        department: DEPARTMENTS.get(rank % DEPARTMENTS.len()).copied().unwrap_or_default(),
        rank,
    })
}

/// The name as it stands in an address: lower-case ASCII.
fn plain(name: &str) -> String {
    name.to_lowercase()
        .chars()
        .filter_map(|sign| match sign {
            'á' | 'å' | 'à' | 'â' => Some('a'),
            'ö' | 'ó' | 'ø' => Some('o'),
            'ü' | 'ú' => Some('u'),
            'ë' | 'è' | 'é' | 'æ' => Some('e'),
            'ï' => Some('i'),
            'š' => Some('s'),
            sign if sign.is_ascii_alphanumeric() => Some(sign),
            _ => None,
        })
        .collect()
}
