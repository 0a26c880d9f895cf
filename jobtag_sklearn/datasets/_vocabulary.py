"""The words of generated job postings: what tells a tag, and what tells nothing.

Phrases are separated by a bar. The tags stand in order of frequency.
"""

from typing import NamedTuple


class Words(NamedTuple):
    """How postings of one tag speak."""

    share: float
    roles: str
    duties: str
    skills: str
    beside: dict[str, float]


TAGS = {
    "Software Development": Words(
        0.17,
        "C++ Developer | .NET Developer | Backend Engineer | node.js Programmer | Web Developer |"
        " Java Engineer | Mobile App Developer | Full Stack Engineer | C# Engineer",
        "write services in C# and .NET | build node.js endpoints | refactor legacy C++ modules |"
        " design REST interfaces | review pull requests | ship mobile apps | fix bugs in our web"
        " shop | automate unit tests | turn tickets into working code | split a monolith into"
        " microservices | program embedded firmware | keep the release branch green",
        "several years of C++ | solid C# and .NET | TypeScript or node.js | Java with Spring | Git"
        " and code review | object-oriented design | continuous integration | React or Vue |"
        " Python programming | agile software projects | compilers and debuggers",
        {"Data & Analytics": 0.22, "IT Operations": 0.25, "Cybersecurity": 0.05},
    ),
    "Customer Service": Words(
        0.13,
        "Call Centre Agent | Customer Care Advisor | Help Line Representative | Client Support"
        " Agent | Service Desk Advisor | Complaints Handler",
        "answer calls from customers | calm down upset callers | handle returns and refunds |"
        " reply to enquiries by chat and mail | explain invoices to clients | log every complaint"
        " | look after regular customers | solve problems on the first call | book appointments by"
        " phone | follow up open tickets of shoppers",
        "a friendly telephone manner | patience with difficult callers | call centre experience |"
        " a complaint handling background | typing while you listen | a ticket system for support"
        " | clear spoken language | empathy for people who ask for help",
        {"Sales": 0.3, "Hospitality": 0.08},
    ),
    "Sales": Words(
        0.12,
        "Account Executive | Sales Representative | Key Account Manager | Business Developer |"
        " Field Sales Consultant | Shop Assistant | Inside Sales Agent",
        "win new accounts | close deals with decision makers | visit prospects in your territory |"
        " prepare offers and quotations | reach quarterly targets | call cold leads | negotiate"
        " prices and contracts | grow revenue with existing buyers | present our range at trade"
        " fairs | fill the pipeline in the CRM",
        "a hunter's attitude to quotas | negotiation talent | a record of exceeded targets |"
        " Salesforce or another CRM | territory planning | a commission based background |"
        " consultative selling | closing skills | a driving licence for visits to prospects",
        {"Marketing": 0.25, "Customer Service": 0.15},
    ),
    "Nursing & Care": Words(
        0.10,
        "Registered Nurse | Care Assistant | Ward Sister | Geriatric Carer | Paediatric Nurse |"
        " Home Care Worker | Intensive Care Nurse",
        "care for patients on the ward | give medication as prescribed | measure vital signs |"
        " wash and dress residents | document wound care | comfort relatives | assist doctors on"
        " their rounds | support elderly people at home | write care plans | prepare patients for"
        " surgery | take blood samples",
        "a nursing registration | training in geriatric care | first aid and resuscitation |"
        " hygiene rules on wards | readiness for night shifts at the bedside | a degree in nursing"
        " | infection control | gentle handling of frail people | experience in a clinic",
        {"Education": 0.05},
    ),
    "Logistics": Words(
        0.09,
        "Warehouse Operative | Forklift Driver | Truck Driver | Dispatch Clerk | Supply Chain"
        " Planner | Parcel Courier | Inventory Controller",
        "pick and pack orders | load trucks | drive a forklift | plan delivery routes | count"
        " stock | receive goods at the ramp | book freight with carriers | deliver parcels | keep"
        " the warehouse tidy | clear shipments through customs | reorder material in time",
        "a forklift permit | a truck licence | stock keeping systems | knowledge of freight papers"
        " | lifting of heavy parcels | readiness to work in a cold store | route planning |"
        " supply chain software | experience in a distribution centre",
        {"Manufacturing": 0.3, "Customer Service": 0.06},
    ),
    "Accounting & Finance": Words(
        0.08,
        "Accountant | Payroll Clerk | Financial Controller | Bookkeeper | Tax Adviser | Internal"
        " Auditor | Credit Analyst",
        "close the books each month | post invoices | reconcile bank accounts | prepare tax"
        " returns | pay suppliers | forecast cash flow | draw up the annual balance sheet | chase"
        " overdue payments | support the auditors | plan budgets with managers | run the payroll",
        "double entry bookkeeping | IFRS or local GAAP | certified accountant status | ledgers and"
        " reconciliations | tax law basics | a spreadsheet habit | cost accounting | audit"
        " practice | treasury know-how",
        {"Data & Analytics": 0.15, "Legal": 0.1, "Human Resources": 0.12},
    ),
    "Education": Words(
        0.07,
        "Primary School Teacher | Maths Tutor | Lecturer | Kindergarten Teacher | Vocational"
        " Trainer | Special Needs Teacher | Teaching Assistant",
        "teach pupils in small classes | prepare lessons | mark exams | meet parents | supervise"
        " the playground | tutor students who fall behind | plan the curriculum | lead workshops"
        " for apprentices | assess learning progress | read aloud to children",
        "a teaching certificate | classroom management | a degree in pedagogy | love of children |"
        " experience with learning platforms | lesson planning | patience with slow learners |"
        " knowledge of the syllabus",
        {"Nursing & Care": 0.04},
    ),
    "Data & Analytics": Words(
        0.06,
        "Data Scientist | BI Analyst | Data Engineer | Statistician | Machine Learning Engineer |"
        " Reporting Analyst",
        "build dashboards | clean messy tables | train prediction models | query the warehouse in"
        " SQL | forecast demand | run A/B tests | move data through pipelines | explain figures to"
        " managers | find patterns in clickstreams | measure key indicators",
        "SQL and window functions | Python with pandas | statistics and regression | R or SAS |"
        " Tableau or Power BI | machine learning methods | data modelling | Spark and Airflow |"
        " charts that speak for themselves",
        {"Software Development": 0.3, "Marketing": 0.15, "Accounting & Finance": 0.08},
    ),
    "Manufacturing": Words(
        0.06,
        "Machine Operator | CNC Miller | Production Worker | Assembly Technician | Welder |"
        " Quality Inspector | Shift Foreman",
        "set up CNC machines | weld steel frames | assemble gear boxes | inspect parts with a"
        " calliper | keep the line running | change tools on the lathe | pack finished goods at"
        " the line | maintain hydraulic presses | reduce scrap | read technical drawings",
        "training as a machinist | a welding certificate | CNC programming | metalwork | shift"
        " work on the shop floor | lean production | knowledge of tolerances | safe use of presses"
        " and lathes",
        {"Logistics": 0.22, "Construction": 0.12},
    ),
    "Marketing": Words(
        0.05,
        "Brand Manager | Content Editor | SEO Specialist | Social Media Manager | Campaign Planner"
        " | Copywriter | Public Relations Officer",
        "plan campaigns | write posts for social media | improve search rankings | brief agencies"
        " | shape the brand | send newsletters | organise trade fairs | buy advertising space |"
        " film short clips | track conversion rates | speak to the press",
        "SEO and SEA | copywriting | a feel for brands | newsletter tools | community management |"
        " web analytics | photo and video editing | press contacts | budget for advertising",
        {"Sales": 0.2, "Data & Analytics": 0.15},
    ),
    "Hospitality": Words(
        0.04,
        "Chef | Hotel Receptionist | Waiter | Barista | Housekeeper | Kitchen Porter |"
        " Pastry Cook",
        "cook fresh dishes | check in hotel guests | wait on tables | clean rooms | mix drinks at"
        " the bar | bake cakes | prepare the breakfast buffet | take reservations | wash dishes |"
        " welcome guests at the door",
        "training as a cook | food hygiene rules | experience in a hotel | barista skills | a"
        " smile for guests | readiness to work when others dine | wine knowledge | menu planning",
        {"Customer Service": 0.2},
    ),
    "IT Operations": Words(
        0.04,
        "System Administrator | Network Engineer | DevOps Engineer | Cloud Engineer | Helpdesk"
        " Technician | Database Administrator",
        "keep Linux servers running | roll out laptops | monitor the network | write Terraform"
        " modules | move systems to the cloud | restore backups | operate Kubernetes clusters |"
        " patch Windows hosts | reset passwords for users | tune databases",
        "Linux administration | Kubernetes and Docker | TCP/IP and routing | AWS or Azure | shell"
        " scripts | Active Directory | on-call duty for servers | virtual machines | monitoring"
        " tools",
        {"Cybersecurity": 0.15, "Software Development": 0.2, "Customer Service": 0.08},
    ),
    "Construction": Words(
        0.035,
        "Bricklayer | Site Manager | Carpenter | Electrician | Civil Engineer | Roofer | Plumber",
        "lay bricks | pour concrete | read site plans | wire new buildings | supervise"
        " subcontractors | fit pipes and boilers | put up scaffolding | renovate old houses |"
        " survey the ground | tile roofs | calculate building materials",
        "a trade certificate in building | a head for heights | site safety training | power tools"
        " | building codes | structural design | carpentry | work outdoors in any weather",
        {"Manufacturing": 0.12, "Logistics": 0.06},
    ),
    "Human Resources": Words(
        0.025,
        "Recruiter | HR Business Partner | Talent Scout | Personnel Officer | Training"
        " Coordinator",
        "interview applicants | write job ads | onboard new hires | advise managers on labour"
        " questions | run appraisal talks | keep personnel files | plan staff training | negotiate"
        " with the works council | prepare employment contracts",
        "recruiting practice | knowledge of labour law | applicant tracking systems | interviewing"
        " | employer branding | discretion with personnel files | talent management",
        {"Legal": 0.1, "Education": 0.08},
    ),
    "Legal": Words(
        0.016,
        "Lawyer | Paralegal | Contract Manager | Compliance Officer | Notary Clerk",
        "draft contracts | advise on data protection | represent us in court | research case law |"
        " check compliance | file trademarks | review licences | answer regulators",
        "a law degree | admission to the bar | contract law | GDPR expertise | legal writing |"
        " litigation practice | compliance audits",
        {"Accounting & Finance": 0.12, "Human Resources": 0.08},
    ),
    "Cybersecurity": Words(
        0.014,
        "Security Analyst | Penetration Tester | Information Security Officer | SOC Engineer",
        "hunt intruders | test systems for weaknesses | respond to incidents | harden servers |"
        " watch alerts in the SIEM | train staff against phishing | encrypt sensitive records |"
        " analyse malware",
        "penetration testing | ISO 27001 | firewalls and intrusion detection | cryptography |"
        " threat modelling | a CISSP certificate | forensics",
        {"IT Operations": 0.35, "Software Development": 0.15},
    ),
}

# What any posting may say, whatever its tags.
VAGUE_ROLES = (
    "Specialist | Team Member | Associate | Coordinator | Project Assistant | Team Leader |"
    " Consultant | Expert | Officer | All-rounder"
)
RANKS = " | Senior | Junior | Lead | Deputy | Experienced"
ROLE_ENDS = (
    " | (m/f/d) | - full time | - part time | - {city} | in {city} | (80-100 %) | - No. {year} | /"
    " remote"
)
VAGUE_DUTIES = (
    "report to the head of the unit | keep your workplace in order | join our weekly meeting |"
    " bring in your own ideas | share what you know with colleagues | take part in projects |"
    " improve how we work | help where hands are needed | write down what you have done |"
    " coordinate with other departments"
)
VAGUE_SKILLS = (
    "a team spirit | reliability | good communication | three years of practice | an eye for"
    " detail | a finished apprenticeship or degree | an open mind | flexibility | common office"
    " software | motivation & curiosity | resilience when it gets busy"
)
MENTIONS = (
    "From time to time our colleagues next door will ask you to {x}. | Our other teams {x}. | The"
    " department upstairs does what its name says: they {x}. | You needn't {x}; others do that."
)
COMPANIES = (
    "Alder & Finch | Brightwater Group | Corvane | Dunmore Partners | Elmstead Works | Fennick"
    " & Sons | Granholt AG | Halvorsen | Iverlake Ltd. | Juniper Yard | Kestrel Union | Lorraway"
)
INTRODUCTIONS = (
    "{company} has been at home in {city} since {year}. | At {company} in {city}, people come"
    " first. | {company} isn't big, but we're growing: {year} was our best year. | Since {year},"
    " {company} has stood for quality & trust. | Who we are: {company}, with offices from {city}"
    " to the coast. | {company} was founded in {year} in {city} and it's still run by the family."
)
CITIES = (
    "Aberdeen | Bologna | Cork | Dresden | Eindhoven | Fresno | Graz | Haarlem | Izmir | Jena |"
    " Kaunas | Leeds | Malmö | Nîmes | Odense | Porto"
)
BENEFITS = (
    "We offer 30 days of holiday & flexible hours. | You'll get a pension plan, a bike and free"
    " fruit. | There's a canteen, a gym and a day care nearby. | Pay is fair: we'll tell you the"
    " range when we meet. | Trains stop at our door, parking doesn't cost anything. | We pay"
    " travel costs and language courses. | Our health programme includes a nurse's check once a"
    " year. | You'll be trained from your first day."
)
CLOSINGS = (
    "Don't hesitate: send us your CV by the end of the month. | We can't wait to hear from you. |"
    " Apply online; it won't take five minutes. | We welcome people of all origins, ages &"
    " abilities. | Questions? Our team in {city} is happy to help."
)
