import { Readable } from 'node:stream';
import { expect } from 'chai';
import { readRows, type Row } from '../../../../lib/customers/import/rows.ts';

type Export = {
  text: string;
  /** The customers that are imported, by their line. */
  rows: Record<number, [name: string, email: string]>;
  /** Lines that are refused, since they are not customers or have no single address. */
  refused?: number[];
};

const lines = (...all: string[]): string => all.map((line) => `${line}\r\n`).join('');

const EXPORTS: Record<string, Export> = {
  'Stripe, customers': {
    text: lines(
      'id,Description,Email,Name,Created (UTC),Delinquent,Card ID,Card Name,Plan,Status,Total Spend,plan (metadata)',
      'cus_1,,ada@example.com,Ada Lovelace,2026-01-05 10:00,false,,A. Byron,,,0.00,gold',
      'cus_2,,bo.lee@example.com,,2026-01-06 11:00,false,,,,,0.00,',
    ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'], 3: ['bo.lee', 'bo.lee@example.com'] },
  },
  'HubSpot, contacts': {
    text:
      '\ufeff' +
      lines(
        'Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Last Activity Date,Lead Status,Create Date,Associated Company',
        '101,Ada,Lovelace,ada@example.com,+44 1,,,,2026-01-05 10:00,"Analytical, Ltd"',
        '102,,,bo@example.com,,,,,2026-01-06 11:00,Boards GmbH',
        '103,Cy,,,,,,,2026-01-06 11:00,',
      ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'], 3: ['Boards GmbH', 'bo@example.com'] },
    refused: [4],
  },
  'Google Contacts': {
    text: lines(
      'First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Nickname,Organization Name,Birthday,Notes,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value',
      'Ada,King,Lovelace,,Lady,,,,"first\nsecond",* myContacts,* Home,ada@example.com ::: ada2@example.com,Work,ada3@example.com,,+44 1',
      ',,,,,,Acme,,,* myContacts,*,info@example.com,,,,',
      'Cy,,,,,,,,,* myContacts,,,,,Mobile,+44 2',
    ),
    rows: { 2: ['Ada King Lovelace', 'ada@example.com'], 4: ['Acme', 'info@example.com'] },
    refused: [5],
  },
  'Google Contacts, before 2024': {
    text: lines(
      'Name,Given Name,Additional Name,Family Name,Yomi Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name',
      'Ada Lovelace,Ada,,Lovelace,,* myContacts,* Home,ada@example.com,',
    ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
  },
  'Shopify, customers': {
    text:
      '\ufeff' +
      lines(
        'Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,Phone,Total Spent,Total Orders,Note,Tax Exempt,Tags',
        "'7001,Ada,Lovelace,ada@example.com,yes,,1 Road,'+441,0.00,0,,no,vip",
        "'7002,,,bo@example.com,no,Boards GmbH,,,0.00,0,,no,",
      ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'], 3: ['Boards GmbH', 'bo@example.com'] },
  },
  'Salesforce, a report on contacts': {
    text: lines(
      '"First Name","Last Name","Account Name","Title","Phone","Email","Account Owner"',
      '"Ada","Lovelace","Analytical, Ltd","Dr","1","ada@example.com","Bo"',
      '',
      '"Contacts of 2026"',
      '"Copyright (c) 2026"',
    ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
    refused: [4, 5],
  },
  'Salesforce, leads by the data loader': {
    text: lines(
      '"ID","FIRSTNAME","LASTNAME","COMPANY","EMAIL"',
      '"00Q1","Ada","Lovelace","A","ada@example.com"',
    ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
  },
  'QuickBooks Online, customer contact list': {
    text: lines(
      '"Example Co, LLC",,,,,',
      'Customer Contact List,,,,,',
      '',
      'Customer full name,Phone numbers,Email,Full name,Bill address,Ship address',
      '"Gus ""Doc"" Harper",Phone: 555-1,gus@example.com,Gus Harper,"1 Road\nTown",',
      'Mara Lopes (deleted),,,,,',
      '"Cool Cars:Job 7",,"a@example.com, b@example.com",,,',
      '',
      '" Wednesday, September 30, 2026 01:46 PM GMT-05:00",,,,,',
    ),
    rows: { 5: ['Gus "Doc" Harper', 'gus@example.com'] },
    refused: [7, 8, 10],
  },
  'QuickBooks Desktop, customers': {
    text: lines(
      '"","Active Status","Customer Name","Company","First Name","M.I.","Last Name","Main Email","Main Phone"',
      '"","Active","Lovelace, Ada","","Ada","","Lovelace","ada@example.com",""',
    ),
    rows: { 2: ['Lovelace, Ada', 'ada@example.com'] },
  },
  'Outlook, contacts with semicolons': {
    text: lines(
      '"First Name";"Middle Name";"Last Name";"Company";"E-mail Address";"E-mail 2 Address"',
      '"Ada";"";"Lovelace";"";"ada@example.com";""',
    ),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
  },
  'Mailchimp, audience': {
    text: lines('Email Address,First Name,Last Name,MEMBER_RATING', 'ada@example.com,Ada,Lovelace,2'),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
  },
  'Xero, contacts': {
    text: lines('*ContactName,AccountNumber,EmailAddress,FirstName,LastName', 'Acme,,info@example.com,Ada,L'),
    rows: { 2: ['Acme', 'info@example.com'] },
  },
  'WooCommerce, customers': {
    text: lines('Name,Username,Last Active,Email,Orders', 'Ada Lovelace,ada,2026-01-05,ada@example.com,3'),
    rows: { 2: ['Ada Lovelace', 'ada@example.com'] },
  },
  'a list of members from Excel in Germany': {
    text: lines('sep=;', '"Name";"E-Mail";"Seit"', '"Ada Lovelace";"ada@example.com";"2020"', ';;'),
    rows: { 3: ['Ada Lovelace', 'ada@example.com'] },
  },
};

describe('CSV exports of other programs', () => {
  for (const [program, { text, rows, refused = [] }] of Object.entries(EXPORTS)) {
    it(`are read without any option: ${program}`, async () => {
      const read: Row[] = [];
      for await (const row of readRows(Readable.from([Buffer.from(text)]))) read.push(row);
      const taken = read.flatMap((row) =>
        'values' in row ? [[String(row.line), [row.values.name, row.values.email]]] : [],
      );
      expect(Object.fromEntries(taken)).to.deep.equal(rows);
      const lost = read.flatMap((row) => ('problem' in row ? [row.line] : []));
      expect(lost).to.deep.equal(refused);
    });
  }
});
