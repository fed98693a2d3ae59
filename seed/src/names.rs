//! Names for generated users, each with its spelling in an e-mail address.
//!
//! They are grouped by language, so that given and family name match. The order matters: if a name is added, dropped or
//! moved, the same random seed gives other users.

/// Given and family names that go together.
pub struct People {
    /// As written, and in ASCII.
    pub given: &'static [(&'static str, &'static str)],
    /// As written, and in ASCII.
    pub family: &'static [(&'static str, &'static str)],
    /// True if the family name stands first, as in Japan.
    pub family_first: bool,
}

#[rustfmt::skip]
pub const PEOPLES: &[People] = &[
    People { // English
        given: &[
            ("Amelia", "amelia"), ("Arthur", "arthur"), ("Beatrice", "beatrice"), ("Charles", "charles"),
            ("D'Arcy", "darcy"), ("Edith", "edith"), ("George", "george"), ("Harriet", "harriet"),
            ("Hugh", "hugh"), ("Mary Ann", "maryann"), ("Oliver", "oliver"), ("Zoë", "zoe"),
        ],
        family: &[
            ("Baker", "baker"), ("Brontë", "bronte"), ("Carter", "carter"), ("Fletcher", "fletcher"),
            ("Hughes", "hughes"), ("Johnson", "johnson"), ("Marlowe", "marlowe"), ("Penhaligon-Smith", "penhaligonsmith"),
            ("Shepherd", "shepherd"), ("Taylor", "taylor"), ("Turner", "turner"), ("Whitfield", "whitfield"),
        ],
        family_first: false,
    },
    People { // Irish
        given: &[
            ("Aoife", "aoife"), ("Brigid", "brigid"), ("Cathal", "cathal"), ("Ciarán", "ciaran"),
            ("Declan", "declan"), ("Éamon", "eamon"), ("Fionnuala", "fionnuala"), ("Niamh", "niamh"),
            ("Oisín", "oisin"), ("Róisín", "roisin"), ("Siobhán", "siobhan"), ("Tadhg", "tadhg"),
        ],
        family: &[
            ("Byrne", "byrne"), ("Doyle", "doyle"), ("Gallagher", "gallagher"), ("Kavanagh", "kavanagh"),
            ("Mac Giolla", "macgiolla"), ("Nolan", "nolan"), ("O'Connor", "oconnor"), ("O'Dowd", "odowd"),
            ("O'Neill", "oneill"), ("O'Sullivan", "osullivan"), ("Ó Súilleabháin", "osuilleabhain"), ("Quinn", "quinn"),
        ],
        family_first: false,
    },
    People { // Spanish and Portuguese
        given: &[
            ("Álvaro", "alvaro"), ("Beatriz", "beatriz"), ("Carmen", "carmen"), ("Diego", "diego"),
            ("Gonçalo", "goncalo"), ("Íñigo", "inigo"), ("João", "joao"), ("José", "jose"),
            ("Lucía", "lucia"), ("Mónica", "monica"), ("Raúl", "raul"), ("Sofía", "sofia"),
        ],
        family: &[
            ("Álvarez", "alvarez"), ("Conceição", "conceicao"), ("da Silva", "dasilva"), ("Fernández", "fernandez"),
            ("García", "garcia"), ("Herrera", "herrera"), ("Ibáñez", "ibanez"), ("López", "lopez"),
            ("Muñoz", "munoz"), ("Núñez", "nunez"), ("Ortega", "ortega"), ("Ramírez", "ramirez"),
        ],
        family_first: false,
    },
    People { // German, Nordic
        given: &[
            ("Anneliese", "anneliese"), ("Åsa", "asa"), ("Björn", "bjoern"), ("Friedrich", "friedrich"),
            ("Günther", "guenther"), ("Ingrid", "ingrid"), ("Jürgen", "juergen"), ("Käthe", "kaethe"),
            ("Lærke", "laerke"), ("Matthias", "matthias"), ("Søren", "soeren"), ("Ulrike", "ulrike"),
        ],
        family: &[
            ("Bauer", "bauer"), ("Fischer", "fischer"), ("Größ", "groess"), ("Hansen", "hansen"),
            ("Köhler", "koehler"), ("Lindström", "lindstroem"), ("Müller", "mueller"), ("Ødegård", "oedegaard"),
            ("Schäfer", "schaefer"), ("Vogel", "vogel"), ("von Arnim", "vonarnim"), ("Weiß", "weiss"),
        ],
        family_first: false,
    },
    People { // Czech, Polish
        given: &[
            ("Božena", "bozena"), ("Jiří", "jiri"), ("Łukasz", "lukasz"), ("Małgorzata", "malgorzata"),
            ("Ondřej", "ondrej"), ("Přemysl", "premysl"), ("Radek", "radek"), ("Světlana", "svetlana"),
            ("Tomáš", "tomas"), ("Wojciech", "wojciech"), ("Zdeňka", "zdenka"), ("Zofia", "zofia"),
        ],
        family: &[
            ("Čapek", "capek"), ("Dvořák", "dvorak"), ("Hájek", "hajek"), ("Janáček", "janacek"),
            ("Kowalczyk", "kowalczyk"), ("Krejčí", "krejci"), ("Mazur", "mazur"), ("Němec", "nemec"),
            ("Szymański", "szymanski"), ("Wójcik", "wojcik"), ("Zając", "zajac"), ("Żuk", "zuk"),
        ],
        family_first: false,
    },
    People { // Ukrainian
        given: &[
            ("Богдан", "bohdan"), ("Віра", "vira"), ("Ганна", "hanna"), ("Дмитро", "dmytro"),
            ("Іван", "ivan"), ("Калина", "kalyna"), ("Леся", "lesia"), ("Марія", "mariia"),
            ("Олена", "olena"), ("Петро", "petro"), ("Тарас", "taras"), ("Юрій", "yurii"),
        ],
        family: &[
            ("Бойко", "boiko"), ("Гончар", "honchar"), ("Ковальчук", "kovalchuk"), ("Лисенко", "lysenko"),
            ("Мельник", "melnyk"), ("Петренко", "petrenko"), ("Руденко", "rudenko"), ("Савченко", "savchenko"),
            ("Ткаченко", "tkachenko"), ("Франко", "franko"), ("Шевченко", "shevchenko"), ("Яременко", "yaremenko"),
        ],
        family_first: false,
    },
    People { // Greek
        given: &[
            ("Αθηνά", "athina"), ("Γιώργος", "giorgos"), ("Δήμητρα", "dimitra"), ("Ελένη", "eleni"),
            ("Κώστας", "kostas"), ("Μαρία", "maria"), ("Νίκος", "nikos"), ("Σοφία", "sofia"),
        ],
        family: &[
            ("Αγγελόπουλος", "angelopoulos"), ("Βλάχος", "vlachos"), ("Δημητρίου", "dimitriou"), ("Ιωάννου", "ioannou"),
            ("Καζαντζάκης", "kazantzakis"), ("Νικολάου", "nikolaou"), ("Παππάς", "pappas"), ("Σαμαράς", "samaras"),
        ],
        family_first: false,
    },
    People { // African, west and east
        given: &[
            ("Abeba", "abeba"), ("Adébáyò", "adebayo"), ("Ama", "ama"), ("Chidi", "chidi"),
            ("Esi", "esi"), ("Fatoumata", "fatoumata"), ("Kofi", "kofi"), ("Makena", "makena"),
            ("N'Golo", "ngolo"), ("Ngozi", "ngozi"), ("Wanjiku", "wanjiku"), ("Yaw", "yaw"),
        ],
        family: &[
            ("Achebe", "achebe"), ("Adichie", "adichie"), ("Asante", "asante"), ("Diallo", "diallo"),
            ("Kamau", "kamau"), ("Mensah", "mensah"), ("N'Diaye", "ndiaye"), ("Odhiambo", "odhiambo"),
            ("Okonkwo", "okonkwo"), ("Ṣóyínká", "soyinka"), ("Tesfaye", "tesfaye"), ("Traoré", "traore"),
        ],
        family_first: false,
    },
    People { // Arabic
        given: &[
            ("أحمد", "ahmad"), ("خالد", "khalid"), ("زينب", "zaynab"), ("سارة", "sara"),
            ("عمر", "umar"), ("فاطمة", "fatima"), ("ليلى", "layla"), ("يوسف", "yusuf"),
        ],
        family: &[
            ("البغدادي", "albaghdadi"), ("الحسن", "alhasan"), ("الخوري", "alkhouri"), ("السيد", "alsayyid"),
            ("المصري", "almasri"), ("حداد", "haddad"), ("درويش", "darwish"), ("منصور", "mansour"),
        ],
        family_first: false,
    },
    People { // Indian
        given: &[
            ("आरव", "aarav"), ("Anjali", "anjali"), ("दीपा", "deepa"), ("Harpreet", "harpreet"),
            ("கண்ணன்", "kannan"), ("Meera", "meera"), ("Priya", "priya"), ("Rohan", "rohan"),
            ("Sanjay", "sanjay"), ("Vikram", "vikram"),
        ],
        family: &[
            ("Banerjee", "banerjee"), ("Chatterjee", "chatterjee"), ("D'Souza", "dsouza"), ("Gupta", "gupta"),
            ("Iyer", "iyer"), ("Khan", "khan"), ("Patel", "patel"), ("Reddy", "reddy"),
            ("शर्मा", "sharma"), ("Singh", "singh"),
        ],
        family_first: false,
    },
    People { // Japanese
        given: &[
            ("愛", "ai"), ("一郎", "ichiro"), ("結衣", "yui"), ("健太", "kenta"), ("さくら", "sakura"), ("翔", "sho"),
            ("大輔", "daisuke"), ("葵", "aoi"), ("美咲", "misaki"), ("陽子", "yoko"),
        ],
        family: &[
            ("伊藤", "ito"), ("加藤", "kato"), ("小林", "kobayashi"), ("佐藤", "sato"), ("鈴木", "suzuki"),
            ("高橋", "takahashi"), ("田中", "tanaka"), ("中村", "nakamura"), ("山本", "yamamoto"), ("渡辺", "watanabe"),
        ],
        family_first: true,
    },
    People { // Korean
        given: &[
            ("민준", "minjun"), ("서연", "seoyeon"), ("수빈", "subin"), ("지우", "jiwoo"), ("하은", "haeun"), ("현우", "hyunwoo"),
        ],
        family: &[
            ("강", "kang"), ("김", "kim"), ("박", "park"), ("윤", "yoon"), ("이", "lee"), ("최", "choi"),
        ],
        family_first: true,
    },
    People { // Chinese
        given: &[
            ("伟", "wei"), ("芳", "fang"), ("静", "jing"), ("磊", "lei"), ("秀英", "xiuying"), ("子轩", "zixuan"),
        ],
        family: &[
            ("陈", "chen"), ("李", "li"), ("刘", "liu"), ("王", "wang"), ("张", "zhang"), ("赵", "zhao"),
        ],
        family_first: true,
    },
];
